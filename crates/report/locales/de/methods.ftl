# Die vier Methoden, ihre Größen, warum die Daten sie stützen oder nicht, und was sie unterscheidet.

method-lifetime_value = Lebensdauer × Kundenwert
    .formula = mittlere Lebensdauer × Bestellwert × Bestellungen je Jahr × Marge
    .meaning = Was ein durchschnittlicher Kunde in einem Kundenleben eingebracht hat, das als beendet gilt.
method-revenue_over_churn = Umsatz ÷ Abwanderung
    .formula = (Umsatz je Kunde und Periode × Marge) ÷ Abwanderung je Periode
    .meaning = Ein Strom gleicher Zahlungen, aus dem in jeder Periode derselbe Anteil der Kunden ausscheidet, ohne Ende.
method-retention_time = Verweildauer × Bestellungen
    .formula = Bestellwert × Verweildauer × Bestellungen je Jahr × Marge
    .meaning = So viele Bestellungen, wie in die Zeit passen, die ein Kunde im Mittel bleibt.
method-predictive = Vorhersage
    .formula = bisheriger Wert + erwarteter Wert im Horizont
    .meaning = Was jeder Kunde wert war, plus was ein angepasstes Modell von jedem erwartet, dann gemittelt.

input-average_lifetime = Mittlere Lebensdauer
    .value = { DECIMAL($value, 2) } Jahre
input-average_order_value = Mittlerer Bestellwert
    .value = { $amount }
input-order_frequency = Bestellungen je Jahr der Lebensdauer
    .value = { DECIMAL($value, 2) } je Jahr
input-margin = Marge
    .value = { PERCENT($value, 1) }
input-revenue_per_period = Umsatz je Kunde und Periode
    .value = { $amount }
input-period = Periode
    .value = { COUNT($value) } Tage
input-churn = Abwanderung je Periode
    .value = { PERCENT($value, 1) }
input-retention_time = Verweildauer
    .value = { DECIMAL($value, 2) } Jahre
input-transactions_per_year = Bestellungen je aktivem Kunden und Jahr
    .value = { DECIMAL($value, 2) } je Jahr
input-historic_clv = Bisheriger Wert je Kunde
    .value = { $amount }
input-predicted_clv = Erwarteter Wert je Kunde
    .value = { $amount }
input-horizon = Horizont
    .value = { COUNT($value) } Tage
input-discount = Diskontsatz
    .value = { PERCENT($value, 1) } im Jahr

reason-no_customers = Es gibt keinen Kunden.
reason-no_amounts = Die Daten enthalten keine Beträge; in der Formel steht kein Geld.
reason-only_one_time_buyers = Jeder der { COUNT($customers) } Kunden hat einmal gekauft: Es gibt weder einen Abstand zwischen Bestellungen noch eine Lebensdauer.
reason-history_too_short = Die Historie von { COUNT($history_days) } Tagen ist zu kurz; nötig sind { COUNT($needed_days) }.
reason-period_shorter_than_interval = Kunden kommen im Mittel nach { COUNT($interval_days) } Tagen wieder, das ist länger als die Periode von { COUNT($period_days) } Tagen: Eine Pause sieht aus wie Abwanderung.
reason-nobody_active = In der ersten Periode von { COUNT($period_days) } Tagen hat niemand gekauft; es gab niemanden zu verlieren.
reason-too_few_active = Nur { COUNT($active) } { $active ->
        [one] Kunde war
       *[other] Kunden waren
    } in der ersten Periode aktiv; eine Abwanderungsrate braucht { COUNT($needed) }.
reason-no_churn = Alle { COUNT($active) } Kunden der ersten Periode kamen wieder: Durch eine Abwanderung von null lässt sich nicht teilen.
reason-everybody_lost = Keiner der { COUNT($active) } Kunden der ersten Periode kam wieder: Wie lange sie bleiben, ist nicht zu sagen.
reason-input_out_of_range = Die Größe „{ $input }“ ist keine Zahl in ihrem Bereich.
reason-not_fitted = Kein Modell ließ sich anpassen; die Warnungen sagen, warum.
reason-few_customers = { COUNT($customers) } Kunden sind weniger als die empfohlenen { COUNT($recommended) }: Die Zahl ist unsicher.
reason-looks_back = Blickt zurück: Lebensdauer mal Häufigkeit sind die { DECIMAL($transactions_per_customer, 2) } Bestellungen je Kunde bisher, als wäre jede Beziehung beendet.
reason-without_margin = Die Lehrbuchformel kennt keine Marge; ohne sie beträgt der Wert { MONEY($value, $currency) }.
reason-same_churn_for_all = Nimmt für jeden Kunden dieselbe Abwanderung an, ohne Ende und ohne Diskont: im Mittel { DECIMAL($retention_years, 1) } Jahre.
reason-active_customers_only = Ist der Wert eines jetzt aktiven Kunden, { COUNT($active_now) } von { COUNT($customers) }, und blickt nur nach vorn.
reason-pause_counts_as_churn = Ohne Vertrag gilt als verloren, wer { COUNT($period_days) } Tage pausiert.
reason-one_point_of_churn = Ein Prozentpunkt weniger oder mehr Abwanderung ergäbe { $lower } oder { $higher }.
reason-within_horizon = Zählt nichts jenseits des Horizonts von { COUNT($horizon_days) } Tagen.

difference-unlinked_refunds = Erstattungen ohne Bestellung ({ PERCENT($share, 1) } des Bestellwerts) senken, was verdient wurde
difference-future_orders = Die Beziehung ist nicht zu Ende: { DECIMAL($orders_per_customer, 2) } weitere Bestellungen je Kunde werden in { COUNT($horizon_days) } Tagen erwartet
difference-future_spend = Wer bestellen wird, gibt einen anderen Betrag aus als den Durchschnitt der Vergangenheit
difference-spend_of_retained = Wer blieb, gab je Periode wirklich { MONEY($measured, $currency) } aus, nicht { MONEY($assumed, $currency) }
difference-endless_sum = Die endlose Summe endet am Horizont von { COUNT($horizon_days) } Tagen; in ihm liegen { PERCENT($share, 1) } von ihr
difference-discounting = Späteres Geld ist weniger wert: { PERCENT($discount, 1) } im Jahr
difference-inactive_customers = Nicht alle sind aktiv: { COUNT($active_now) } von { COUNT($customers) } Kunden kauften in der letzten Periode
difference-heterogeneity = Für jeden Kunden die eigene Chance, aktiv zu sein, und das eigene Tempo statt einer Abwanderung für alle
difference-history_earned = Was schon verdient ist, zählt mit
