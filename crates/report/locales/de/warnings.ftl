# Eine Nachricht je Warnung: was los ist, .text was es bedeutet, .remedy was zu tun ist.

severity-info = Hinweis
severity-warning = Vorsicht
severity-severe = Ernst

warning-no_amounts = Die Daten enthalten keine Beträge
    .text = Käufe lassen sich vorhersagen, Geld nicht: Alle Werte in Währung fehlen.
    .remedy = Ergänzen Sie eine Spalte mit dem Betrag der Bestellung, oder benennen Sie sie mit --columns amount=….
warning-margin_unknown = Die Kosten sind nicht bekannt: Der Wert ist Umsatz
    .text = Ohne Marge ist der Wert eines Kunden das, was er zahlt, nicht das, was dem Geschäft davon bleibt. Er heißt hier Umsatz-CLV. Vergleichen Sie ihn nicht mit Kosten der Kundengewinnung.
    .remedy = Geben Sie die Marge an, zum Beispiel --margin 35%.
warning-margin_not_positive = Die Marge beträgt { PERCENT($rate, 1) }
    .text = Bei dieser Marge verdient keine Bestellung etwas; mehr Bestellungen machen den Wert kleiner statt größer.
    .remedy = Prüfen Sie die Marge. Stimmt sie, sind die Preise oder die Kosten die Frage, nicht die Kunden.
warning-horizon_exceeds_history = Der Horizont ist länger als die Historie
    .text = Der Wert blickt { COUNT($horizon_days) } Tage voraus, beobachtet wurden aber nur { COUNT($history_days) } Tage. Was darüber hinausgeht, ist fortgeschrieben.
    .remedy = Wählen Sie einen Horizont von höchstens { COUNT($history_days) } Tagen, oder liefern Sie ältere Bestellungen.
warning-too_few_customers = Nur { COUNT($customers) } { $customers ->
        [one] Kunde
       *[other] Kunden
    }
    .text = Mit weniger als { COUNT($recommended) } Kunden sind die Parameter unsicher; die Intervalle zeigen, wie sehr.
    .remedy = Lesen Sie Summen statt einzelner Kunden, und bewerten Sie erneut, wenn es mehr sind.
warning-short_history = Nur { COUNT($history_days) } Tage Historie
    .text = Weniger als { COUNT($recommended_days) } Tage zeigen zu wenig davon, wie Kunden wiederkommen und wie sie gehen.
    .remedy = Liefern Sie ältere Bestellungen, oder bewerten Sie erneut, wenn die Historie länger ist.
warning-no_frequent_customers = Kaum jemand kommt oft wieder
    .text = Kein Kunde hat mehr als { COUNT($most_transactions) } { $most_transactions ->
        [one] Kauf
       *[other] Käufe
    }; empfohlen ist mindestens einer mit { COUNT($recommended) }.
    .remedy = Prüfen Sie, ob die Käufe einer Person dieselbe Kundennummer tragen. Wenn ja, bewerten Sie erneut, wenn es mehr sind.
warning-only_one_time_buyers = Niemand ist wiedergekommen
    .text = Jeder der { COUNT($customers) } Kunden hat einmal gekauft. Daraus folgt weder eine Lebensdauer noch eine Abwanderung noch eine Vorhersage.
    .remedy = Prüfen Sie, ob die Käufe einer Person dieselbe Kundennummer tragen, zum Beispiel die E-Mail-Adresse statt der Bestellnummer.
warning-stale_data = Die Daten sind { COUNT($days) } Tage alt
    .text = Der Wert gilt zum { DATE($as_of) }; heute ist der { DATE($today) }. Seither haben Kunden gekauft und sind gegangen.
    .remedy = Exportieren Sie die Bestellungen neu.
warning-as_of_in_future = Der Stichtag liegt in der Zukunft
    .text = Der { DATE($as_of) } liegt nach heute, dem { DATE($today) }. Die Tage dazwischen, von denen es noch keine Bestellungen geben kann, sehen aus wie Stille.
    .remedy = Wählen Sie als Stichtag heute oder früher.
warning-no_recent_orders = Seit { COUNT($days) } Tagen keine Bestellung
    .text = Die letzte Bestellung ist vom { DATE($last_day) }, der Stichtag ist der { DATE($as_of) }. Falls die Daten dort enden, gilt die Stille seither als Abwanderung.
    .remedy = Setzen Sie den Stichtag auf den letzten vollständigen Tag der Daten: --as-of { $last_day }.
warning-concentrated_value = Ein Zehntel der Kunden hält { PERCENT($share) } des Wertes
    .text = Die Summe hängt an wenigen Kunden; einen durchschnittlichen Kunden gibt es kaum.
    .remedy = Sehen Sie sich die wertvollsten Kunden einzeln an, und planen Sie für die übrigen mit deren eigenen Zahlen.
warning-dominant_customer = Ein Kunde hält { PERCENT($share) } des Wertes
    .text = Die Summe steigt und fällt mit einem einzigen Kunden, den kein Modell vorhersagen kann.
    .remedy = Prüfen Sie, ob diese Nummer ein Kunde ist und kein Sammelkonto. Planen Sie diesen Kunden gesondert.
warning-few_hold_the_future = { $customers ->
        [one] Ein Kunde hält die Hälfte des erwarteten Wertes
       *[other] { COUNT($customers) } Kunden halten die Hälfte des erwarteten Wertes
    }
    .text = Was kommt, hängt an einer Handvoll Kunden; die Summe ist weniger sicher als bei vielen.
    .remedy = Sprechen Sie mit diesen Kunden, und lesen Sie das Intervall der Summe statt ihrer Mitte.
warning-transaction_model_not_fitted = Es gibt keine Vorhersage
    .text = Kein Modell der Käufe ließ sich anpassen: { $why } Die Zahlen zeigen, was gewesen ist.
    .remedy = Nutzen Sie die einfachen Methoden weiter unten, bis mehr Historie da ist.
warning-spend_model_not_fitted = Künftige Bestellungen zählen zum Durchschnitt aller
    .text = Was der einzelne Kunde ausgeben wird, ließ sich nicht modellieren: { $why } Darum zählt jede künftige Bestellung so viel wie die durchschnittliche aller Kunden.
    .remedy = Vertrauen Sie den erwarteten Bestellungen mehr als ihrem Wert; suchen Sie einzelne Kunden oder Bestellungen, die weit größer sind als der Rest, und bewerten Sie diese gesondert.
warning-fit_at_edge = { MODEL($model) }: Parameter liefen an den Rand
    .text = { $parameters } wuchsen ohne Grenze, während die Likelihood gleich blieb. Die Vorhersagen sind brauchbar; die Werte und Standardfehler dieser Parameter bedeuten wenig.
    .remedy = Es ist nichts zu tun. Ein anderes Modell beschreibt die Kunden womöglich ebenso gut mit weniger Parametern.
warning-search_stalled = { MODEL($model) }: Die Suche brach früh ab
    .text = Die Suche nach den besten Parametern endete vor einem Maximum; die Vorhersagen können danebenliegen.
    .remedy = Vergleichen Sie mit einem anderen Modell (--model), und suchen Sie in den Daten nach kaputten Zeilen.
warning-spend_depends_on_frequency = { $direction ->
        [more] Häufige Käufer geben je Bestellung mehr aus
       *[less] Häufige Käufer geben je Bestellung weniger aus
    }
    .text = Anzahl der Bestellungen und Ausgabe je Bestellung hängen zusammen (Korrelation { DECIMAL($correlation, 2) }). Das Ausgabenmodell nimmt an, dass sie es nicht tun; der Wert häufiger Käufer ist verzerrt.
    .remedy = Lesen Sie die Werte sehr häufiger und seltener Käufer mit Vorsicht, oder bewerten Sie Gruppen wie Gewerbe- und Privatkunden getrennt.
warning-rows_refused = { PERCENT($share, 1) } der Zeilen waren unbrauchbar
    .text = { COUNT($refused) } von { COUNT($read) } Zeilen wurden abgewiesen. Sind sie nicht zufällig verteilt, fehlt den Werten, was in ihnen steht.
    .remedy = Sehen Sie die Gründe bei den Daten nach, und bessern Sie die Quelle oder die Wahl der Spalten.
warning-high_refunds = { PERCENT($share, 1) } des Verkauften kommt zurück
    .text = Erstattungen senken den Wert spürbar. Was nach dem Stichtag erstattet wird, ist noch nicht bekannt; die neuesten Bestellungen sehen deshalb besser aus, als sie sind.
    .remedy = Suchen Sie nach Produkten oder Kanälen mit vielen Rückgaben.
warning-season = Die Bestellungen haben eine Saison: { $strongest_month ->
        [1] Januar
        [2] Februar
        [3] März
        [4] April
        [5] Mai
        [6] Juni
        [7] Juli
        [8] August
        [9] September
        [10] Oktober
        [11] November
       *[other] Dezember
    } ist der stärkste Monat
    .text = In diesem Monat gibt es { DECIMAL($strongest, 2) }-mal so viele Folgebestellungen wie im Jahresmittel, im { $weakest_month ->
        [1] Januar
        [2] Februar
        [3] März
        [4] April
        [5] Mai
        [6] Juni
        [7] Juli
        [8] August
        [9] September
        [10] Oktober
        [11] November
       *[other] Dezember
    } { DECIMAL($weakest, 2) }-mal so viele. Die Modelle kennen keine Saison: Eine Vorhersage über einen Teil des Jahres liegt um sie daneben, und ein Stichtag kurz nach den starken Monaten sieht zu gut aus.
    .remedy = Einen Horizont von ganzen Jahren wählen und Bewertungen desselben Monats vergleichen.
warning-trend = Das Niveau der Bestellungen { $direction ->
        [up] steigt um { PERCENT($off) } im Jahr
       *[down] fällt um { PERCENT($off) } im Jahr
    } gegenüber dem Modell
    .text = Kunden gleichen Alters und gleicher Vorgeschichte bestellen von Jahr zu Jahr { $direction ->
        [up] mehr
       *[down] weniger
    }. Die Modelle nehmen das Niveau für immer gleich an; die Vorhersage ist deshalb wohl zu { $direction ->
        [up] niedrig
       *[down] hoch
    }.
    .remedy = Nur mit der jüngeren Historie bewerten und die Verlaufsgrafik ansehen.
warning-hold_out_bias = { $figure ->
        [orders] Die Bestellungen der Prüfzeit wurden um { PERCENT($off) } verfehlt
       *[other] Der Umsatz der Prüfzeit wurde um { PERCENT($off) } verfehlt
    }
    .text = In der Zeit, die das Modell nicht gesehen hatte, { $figure ->
        [orders] wurden { COUNT($predicted) } Bestellungen erwartet und { COUNT($actual) } kamen
       *[other] wurden { MONEY($predicted, $currency) } erwartet und { MONEY($actual, $currency) } kamen
    }. Die Vorhersage der Zukunft kann ebenso weit danebenliegen.
    .remedy = Suchen Sie im Verlauf nach einer Saison, einer Aktion oder einem Bruch, den das Modell nicht kennen kann, und wählen Sie die Historie danach.
warning-interval_coverage = { $figure ->
        [orders] Die Intervalle der Bestellungen halten zu { PERCENT($coverage) } statt { PERCENT($level) }
       *[other] Die Intervalle des Wertes halten zu { PERCENT($coverage) } statt { PERCENT($level) }
    }
    .text = Dieser Anteil der Kunden fiel in der Prüfzeit in sein Intervall. { $direction ->
        [narrow] Die Intervalle sind zu schmal.
       *[wide] Die Intervalle liegen auf der sicheren Seite; wo sie wenige ganze Bestellungen enthalten, geht es nicht anders.
    }
    .remedy = Lesen Sie die Intervalle einzelner Kunden mit diesem Wissen; Summen sind weniger betroffen.

# Warum ein Modell nicht angepasst werden konnte; beendet einen Satz.
why-too_few_repeat_customers = { COUNT($repeat_customers) } { $repeat_customers ->
        [one] Kunde ist
       *[other] Kunden sind
    } wiedergekommen, nötig sind { COUNT($needed) }.
why-no_mean_spend = Die Beträge streuen so weit, dass es keine mittlere Ausgabe gibt (Gamma-Gamma mit q = { DECIMAL($q, 2) }; q muss über 1 liegen).
why-invalid_spend = Die mittlere Ausgabe eines Kunden ist keine positive Zahl.
why-other = { $message }.
why-not_finite = Die Likelihood von { MODEL($model) } ist für diese Verläufe nicht endlich.
