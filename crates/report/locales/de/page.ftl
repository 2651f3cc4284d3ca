# Die Berichtsseite.

number-missing = –
interval = { $level }: { $lower } bis { $upper }

title-as-of = Kundenwert zum { DATE($as_of) }
contents = Inhalt
orders-between = { COUNT($transactions) } Bestellungen vom { DATE($first) } bis zum { DATE($last) }
made-by = Erstellt mit Perennial { $version }. Die Seite enthält alles, was sie braucht, und baut keine Verbindung auf.
script-needed = Die Diagramme brauchen JavaScript; die Tabellen darunter enthalten dieselben Zahlen.
show-numbers = Zahlen zeigen
per-customer = { $amount } je Kunde

# Die Zusammenfassung in Worten.
summary-heading = Kurz gesagt
summary-money = { $basis ->
        [revenue] Ihre { COUNT($customers) } Kunden bringen in den nächsten { COUNT($horizon_days) } Tagen voraussichtlich { $predicted } Umsatz
       *[margin] Ihre { COUNT($customers) } Kunden bringen Ihnen in den nächsten { COUNT($horizon_days) } Tagen voraussichtlich { $predicted } ein
    } ({ $interval }).
summary-earned = { $basis ->
        [revenue] Bisher haben sie { $historic } gezahlt.
       *[margin] Bisher haben Sie mit ihnen { $historic } verdient.
    }
summary-orders = Ihre { COUNT($customers) } Kunden bestellen in den nächsten { COUNT($horizon_days) } Tagen voraussichtlich { $predicted }-mal ({ $interval }).
summary-no-prediction = Ihre { COUNT($customers) } Kunden haben { COUNT($transactions) }-mal bestellt. Eine Vorhersage geben die Daten nicht her; die Warnungen sagen, warum.
summary-half = { $figure ->
        [predicted_number_of_orders] Die Hälfte der erwarteten Bestellungen kommt
       *[other] Die Hälfte des Wertes kommt
    } von { COUNT($half) } { $half ->
        [one] Kunden
       *[other] Kunden
    } ({ PERCENT($share, 1) } von allen).
summary-active = Etwa { COUNT($active) } Kunden ({ PERCENT($share) }) sind vermutlich noch aktiv.
summary-hold-out = In { COUNT($days) } Tagen, die das Modell nicht gesehen hatte, erwartete es { COUNT($predicted) } Bestellungen; { COUNT($actual) } kamen.
card-customers = Kunden
card-customers-detail = { PERCENT($share) } kamen mindestens einmal wieder
card-active = Aktive Kunden
card-active-detail = { PERCENT($share) } von allen; die Summe der P(aktiv)
card-orders = Erwartete Bestellungen
card-orders-detail = in { COUNT($horizon_days) } Tagen
card-historic-detail = bis zum { DATE($as_of) }

# Warnungen.
warnings-heading = Was zu beachten ist
warnings-none = Keiner der bekannten Fehler wurde in dieser Bewertung gefunden.
warnings-remedy = Was zu tun ist

# Definitionen.
definitions-heading = Verwendete Definitionen
definition-as-of = Stichtag
definition-horizon = Horizont
definition-horizon-value = { COUNT($days) } Tage, bis zum { DATE($end) }
definition-discount = Diskontsatz
definition-discount-value = { $rate } im Jahr, die Bestellungen jedes Monats zu dessen Mitte
definition-margin = Marge
definition-margin-revenue = nicht bekannt; Werte sind Umsatz
definition-margin-given = { $rate } des Umsatzes, wie angegeben
definition-margin-measured = { $rate } des Umsatzes, aus den Kosten in den Daten gemessen
definition-currency = Währung
definition-currency-none = in den Daten nicht genannt
definition-time-zone = Zeitzone des Geschäftstags
definition-unit = Zeiteinheit der Modelle
definition-level = Niveau der Intervalle
unit-day = Tage
unit-week = Wochen (7 Tage)
unit-month = Monate (30,4375 Tage)
unit-year = Jahre (365,25 Tage)

# Verteilung und Konzentration.
distribution-heading = Wie sich der Wert verteilt
distribution-figure = { $figure ->
        [predicted_number_of_orders] Erwartete Bestellungen je Kunde
        [historic_clv] { $basis ->
            [revenue] Bisheriger Umsatz-CLV je Kunde
           *[margin] Bisheriger CLV je Kunde
        }
       *[other] { $basis ->
            [revenue] Gesamter Umsatz-CLV je Kunde
           *[margin] Gesamter CLV je Kunde
        }
    }
distribution-caption = { COUNT($below) } von { COUNT($customers) } Kunden ({ PERCENT($share) }) liegen unter { $edge }.
distribution-last-bin = Der letzte Balken enthält alles ab { $edge }, bis { $most }.
distribution-empty = Es gibt keinen Kunden mit einem Wert, der sich zeigen ließe.
distribution-bin = { $from } bis { $to }: { COUNT($customers) } { $customers ->
        [one] Kunde
       *[other] Kunden
    } ({ PERCENT($share, 1) })
axis-customers = Kunden
concentration-title = Konzentration
concentration-caption = Das wertvollste Zehntel, { COUNT($customers) } { $customers ->
        [one] Kunde
       *[other] Kunden
    }, hält { PERCENT($share) } des Wertes (Gini-Koeffizient { DECIMAL($gini, 2) }; 0 hieße: alle gleich).
concentration-empty = Die Werte ergeben zusammen nichts, was sich aufteilen ließe.
concentration-point = { $figure ->
        [predicted_number_of_orders] { $customers } der Kunden: { $value } der erwarteten Bestellungen
       *[other] { $customers } der Kunden: { $value } des Wertes
    }
axis-share-of-customers = Anteil der Kunden, wertvollste zuerst
axis-share-of-value = { $figure ->
        [predicted_number_of_orders] Anteil der erwarteten Bestellungen
       *[other] Anteil des Wertes
    }
series-customers = Diese Kunden
series-equal = Alle gleich
column-from = Von
column-to = bis unter
percent-suffix = {" "}%

# Verlauf.
tracking-heading = Folgt das Modell der Wirklichkeit?
tracking-lead = { MODEL($model) } sah die Bestellungen bis zum { DATE($until) }. Was danach kam, musste es vorhersagen.
tracking-caption = Wiederkäufe, aufsummiert: { COUNT($actual) } geschahen bis zum { DATE($end) }, { COUNT($expected) } wurden erwartet. Allein in der Prüfzeit geschahen { COUNT($hold_out_actual) }, erwartet wurden { COUNT($hold_out_predicted) } ({ $off }).
tracking-none = Die Historie ist zu kurz, um einen Teil davon zurückzulegen; das Modell ließ sich nicht an einer Zeit prüfen, die es nicht gesehen hatte.
tracking-none-model = Kein Modell ließ sich anpassen; es gibt nichts zu prüfen.
series-actual = Tatsächlich
series-expected = Erwartet
series-band = { $level }-Band
axis-cumulative = Wiederkäufe, aufsummiert
calibration = Anpassung
hold-out = Prüfzeit
column-day = Tag
column-lower = Unten
column-upper = Oben
# Wie die Diagramme einen Tag schreiben (d3 time format): an der Achse und über einem Punkt.
date-tick = %m/%Y
date-hover = %d.%m.%Y
deviation-none = kein Unterschied
deviation-more = { $share } zu hoch
deviation-less = { $share } zu niedrig

# Zehntel.
deciles-heading = Stehen die richtigen Kunden oben?
deciles-lead = Kunden in zehn Gruppen nach den für die Prüfzeit vorhergesagten Bestellungen, von den wenigsten zu den meisten. Die Balken sollten paarweise gleich sein.
deciles-caption = Oberste Gruppe: { DECIMAL($predicted, 2) } Bestellungen je Kunde vorhergesagt, { DECIMAL($actual, 2) } aufgegeben. Mittlerer absoluter Fehler über alle Kunden { DECIMAL($mae, 3) } Bestellungen, Wurzel des mittleren quadrierten Fehlers { DECIMAL($rmse, 3) }.
axis-group = Gruppe nach vorhergesagten Bestellungen
axis-orders-per-customer = Bestellungen je Kunde
column-group = Gruppe
column-customers = Kunden
column-predicted = Vorhergesagt
column-actual = Tatsächlich

# Abdeckung.
coverage-heading = Halten die Intervalle?
coverage-lead = Ein Intervall von { $level } soll für { $level } der Kunden halten. So oft hielt es in der Prüfzeit.
coverage-orders = Bestellungen je Kunde
coverage-value = Umsatz je Kunde
coverage-orders-note = { $direction ->
        [wide] Mehr als angegeben: Bestellungen sind ganze Zahlen, und ein Intervall ganzer Zahlen hält immer etwas öfter.
        [narrow] Weniger als angegeben: Lesen Sie die Intervalle einzelner Kunden als zu schmal.
       *[right] Wie angegeben.
    }
coverage-value-note = { $direction ->
        [wide] Mehr als angegeben: Lesen Sie die Intervalle einzelner Kunden als zu breit.
        [narrow] Weniger als angegeben: Lesen Sie die Intervalle einzelner Kunden als zu schmal.
       *[right] Wie angegeben.
    }
coverage-value-total = Umsatz in der Prüfzeit: { $predicted } erwartet, { $actual } kamen ({ $off }).
coverage-no-value = Geld ließ sich nicht prüfen: Es gibt keine Beträge oder kein Ausgabenmodell.
column-held = Hielt
column-stated = Angegeben
column-figure = Größe

# Karten.
heat-maps-heading = Wer ist noch da?
heat-maps-lead = Zwei Kunden gleichen Alters ({ COUNT($age) } Tage) unterscheiden sich darin, wie oft sie kauften und wie lange der letzte Kauf her ist.
heat-maps-alive = P(aktiv)
heat-maps-orders = Erwartete Bestellungen in { COUNT($horizon_days) } Tagen
heat-maps-alive-caption = Ein Kunde mit { COUNT($frequency) } Wiederkäufen, der letzte vor { COUNT($recent) } Tagen: P(aktiv) { PERCENT($high) }. Der letzte vor { COUNT($old) } Tagen: { PERCENT($low) }.
heat-maps-orders-caption = Ein Kunde mit { COUNT($frequency) } Wiederkäufen, der letzte vor { COUNT($recent) } Tagen: { DECIMAL($high, 2) } Bestellungen erwartet. Der letzte vor { COUNT($old) } Tagen: { DECIMAL($low, 2) }.
heat-maps-none = Kein Modell ließ sich anpassen; es gibt keine Chance, aktiv zu sein, zu zeigen.
heat-maps-cell = { COUNT($frequency) } Wiederkäufe, der letzte vor { COUNT($days) } Tagen. { $figure }: { $value }
axis-days-since = Tage seit der letzten Bestellung
axis-repeat-orders = Wiederkäufe
heat-maps-table = { $figure }: Wiederkäufe je Zeile, Tage seit der letzten Bestellung je Spalte

# Modelle.
models-heading = Die Modelle hinter den Vorhersagen
models-none = Kein Modell ließ sich anpassen; die Warnungen sagen, warum. Die Werte sind, was bisher verdient wurde.
models-transactions = Wann Kunden kaufen und gehen: { MODEL($model) }
models-spend = Was sie ausgeben: { MODEL($model) }
models-spend-none = { $reason ->
        [no_amounts] Es gibt kein Ausgabenmodell: Die Daten enthalten keine Beträge.
       *[other] Es gibt kein Ausgabenmodell (die Warnungen sagen, warum): Jede künftige Bestellung zählt wie der Durchschnitt aller bisherigen.
    }
models-fit = Maximum Likelihood auf { COUNT($customers) } Kunden bis zum { DATE($until) }, Zeit in { $unit }; Log-Likelihood { DECIMAL($log_likelihood, 1) }.
models-edge = An den Rand gelaufen: { $parameters }.
models-posterior = Mittelwerte und Standardabweichungen von { COUNT($draws) } Ziehungen aus der A-posteriori-Verteilung ({ COUNT($chains) } Ketten): R-Dach { DECIMAL($r_hat, 3) }, mindestens { COUNT($ess) } effektive Ziehungen, { COUNT($divergences) } Divergenzen. { $trusted ->
        [true] Die Ketten stimmen überein.
       *[false] Den Ziehungen ist nicht zu trauen: R-Dach sollte unter 1,01 liegen, mit 100 effektiven Ziehungen je Kette und ohne Divergenzen.
    }
models-bootstrap = Standardfehler aus Anpassungen an { COUNT($replicates) } neu gezogene Kundenstämme; { COUNT($failed) } ließen sich nicht anpassen.
models-likelihood_ratio = Die Kovariaten heben die Log-Likelihood von { DECIMAL($without, 2) }: Likelihood-Quotienten-Statistik { DECIMAL($statistic, 2) } bei { COUNT($degrees) } { $degrees ->
        [one] Freiheitsgrad
       *[other] Freiheitsgraden
    }, p { $p }.
models-penalised = Die Strafe zieht die Koeffizienten zur Null, deshalb gibt es keinen Likelihood-Quotienten-Test; ohne Kovariaten ist die Log-Likelihood { DECIMAL($without, 2) }.
models-not_identified = { $name } = { DECIMAL($value, 2) } ist nicht bestimmt: Die Daten passen ebenso zu einem ganz anderen Wert. Das ist nicht als Wirkung zu lesen; lassen Sie die Kovariate bei diesem Vorgang weg oder setzen Sie eine Strafe.
models-extreme = { $name } = { DECIMAL($value, 2) } unterscheidet Kunden um den Faktor { COUNT($size) }: eher eine flach auslaufende Likelihood als eine Wirkung. Lassen Sie die Kovariate bei diesem Vorgang weg oder setzen Sie eine Strafe.
models-imprecise = { $name } = { DECIMAL($value, 2) } ist kaum bekannt: Der Standardfehler beträgt { DECIMAL($size, 2) } je Standardabweichung der Kovariate.
models-stalled = Die Suche endete vor einem Maximum.
models-refund-share = Erstattungen ohne Bestellung nehmen voraussichtlich { PERCENT($share, 1) } des Bestellwerts zurück.
column-parameter = Parameter
column-estimate = Schätzung
column-standard-error = Standardfehler
selection-heading = Warum dieses Modell
selection-by-hold-out = { MODEL($model) } war über { COUNT($origins) } rollierende { $origins ->
        [one] Prüfzeit
       *[other] Prüfzeiten
    } am besten (Anpassung bis { $days }), nach dem mittleren Log-Score je Kunde.
selection-not-by-hold-out = { MODEL($model) } wurde nicht durch Prüfzeiten gewählt: Es wurde genannt oder gespeichert, oder die Historie ist zu kurz zum Urteilen.
column-model = Modell
column-log-score = Log-Score
column-crps = CRPS
column-calibration = Kalibrierfehler
column-mae = Mittlerer absoluter Fehler
column-rmse = Wurzel des mittleren quadrierten Fehlers
column-bias = Abweichung der Summe
selection-note = Beim Log-Score ist höher besser, beim CRPS und den Fehlern niedriger; CRPS und Fehler in Bestellungen je Kunde. Kalibrierfehler: wie weit Zehntel der Kunden nach vorhergesagten Bestellungen danebenlagen. Gehalten: Kunden, deren Intervall zutraf.
spend-selection-heading = Warum dieses Ausgabenmodell
spend-selection-hold_out = { MODEL($model) } gab dem, was Kunden in den { COUNT($days) } Tagen nach dem { DATE($until) } je Bestellung ausgaben, nach ihren Bestellungen bis dahin die höhere Dichte.
spend-selection-only_one = { MODEL($model) } wurde genommen, weil sich { MODEL($other) } nicht anpassen ließ.
spend-selection-no_hold_out = { MODEL($model) } wurde nicht durch eine Prüfzeit gewählt: Danach kam zu wenig, oder die Historie ist zu kurz dafür.
spend-selection-saved = { MODEL($model) } ist das der gespeicherten Anpassung.
spend-selection-note = Log-Dichte: Mittel je Bestellung, höher ist besser; sie beurteilt die ganze Verteilung, aus der die Intervalle folgen, und entscheidet. Mittlerer absoluter Fehler: der mittleren Ausgabe der Kunden je Bestellung, in Einheiten der Währung.
column-log-density = Log-Dichte
chosen = gewählt

# Methoden.
methods-heading = Vier Wege zum Kundenwert
methods-lead = Dieselben Kunden, dieselbe Marge, Beträge je Kunde. Die Wege nehmen Verschiedenes an und kommen deshalb zu Verschiedenem.
methods-advised = Diese Daten stützen am besten: { $method }.
methods-advised-none = Diese Daten stützen keinen der vier Wege.
methods-supported = ja
methods-not-supported = nein
methods-no-value = kein Wert
column-method = Methode
column-value-per-customer = Wert je Kunde
column-verdict = Von diesen Daten gestützt
methods-why-not = Dagegen spricht
methods-notes = Zu beachten
methods-inputs = Was einging
bridge-heading = Von „{ $method }“ zu „{ $to }“
bridge-lead = Warum die Methoden sich unterscheiden, Schritt für Schritt, in Beträgen je Kunde.
bridge-none = Es gibt keine Brücke: Sie braucht die Vorhersage und mindestens einen anderen Weg mit einem Wert.
column-step = Schritt
column-change = Änderung
column-after = Wert danach

# Daten.
quality-heading = Die Daten
quality-lead = Erkannt als { $format }: { COUNT($read) } Zeilen gelesen, { COUNT($used) } verwendet ({ PERCENT($share, 1) }), { COUNT($refused) } abgewiesen.
quality-files = Gelesene Dateien
column-file = Datei
quality-orphan-refunds = Erstattungen von { $amount } gingen an Kunden ohne gültige Bestellung; sie zählen in keiner Größe.
quality-columns = Wie jede Spalte gelesen wurde
column-role = Bedeutung
column-column = Spalte
column-how = Gelesen als
column-alternatives = Könnte auch gemeint sein
quality-refused = Abgewiesene Zeilen
quality-refused-none = Keine Zeile wurde abgewiesen.
quality-treated = Zeilen, mit denen nach fester Regel verfahren wurde
quality-treated-none = Keine Zeile brauchte eine Entscheidung.
quality-quarantine = Die abgewiesenen Zeilen stehen mit Zeilennummer und Grund in { $path }.
column-rows = Zeilen
column-reason = Grund
column-treatment = Behandlung

# Die wertvollsten Kunden.
customers-heading = Die wertvollsten Kunden
customers-lead = Die ersten { COUNT($count) } von { COUNT($customers) } nach „{ $figure }“. Alle Kunden stehen in der Ausgabedatei.
customers-none = Es gibt keinen Kunden zu zeigen.
customers-interval = { $point } ({ $lower } bis { $upper })

# Verzeichnis.
glossary-heading = Was die Größen bedeuten

# Prüfung des Modells.
model-check-heading = Bringt das Modell solche Kunden hervor?
model-check-lead = Kunden nach ihren bisherigen Folgebestellungen, daneben die, die das angepasste Modell hervorbringt, wenn Kunden gleichen Alters damit simuliert werden. Wo die Balken um mehr als die Striche auseinanderliegen, treffen die Annahmen des Modells auf diese Kunden nicht zu.
model-check-title = Kunden nach Folgebestellungen
model-check-caption = { COUNT($held) } von { COUNT($bins) } beobachteten Zahlen liegen in ihrem { PERCENT($level) }-Intervall. Bei vielen Kunden sind die Intervalle schmal, und schon ein kleiner Unterschied fällt auf.
column-observed = Beobachtet
column-model-expects = Modell
or-more = { $count } oder mehr
base-level = { $finding ->
        [steady] Über { COUNT($months) } ganze Monate folgen die Bestellungen der Erwartung des Modells, ohne Saison und ohne Trend.
        [season] Über { COUNT($months) } ganze Monate zeigen die Bestellungen eine Saison, die das Modell nicht kennt; siehe die Hinweise.
        [trend] Über { COUNT($months) } ganze Monate ändert sich das Niveau der Bestellungen von Jahr zu Jahr, was das Modell nicht kennt; siehe die Hinweise.
        [both] Über { COUNT($months) } ganze Monate zeigen die Bestellungen eine Saison und einen Trend, die das Modell nicht kennt; siehe die Hinweise.
       *[unknown] Ob sich das Niveau der Bestellungen mit der Zeit ändert, lässt sich erst nach zwei Jahren sagen; so lang ist die Historie nicht.
    }
