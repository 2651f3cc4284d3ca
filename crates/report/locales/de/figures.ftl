# Die Größen unter den Namen der Ausgabespalten: der Name auf der Seite, .meaning die Definition.

figure-customer_id = Kunde
    .meaning = Die Nummer des Kunden, wie die Quelle sie angibt.
figure-first_order_at = Erste Bestellung
    .meaning = Der Geschäftstag des ersten Kaufs.
figure-last_order_at = Letzte Bestellung
    .meaning = Der Geschäftstag des letzten Kaufs bis zum Stichtag.
figure-historic_number_of_orders = Bestellungen bisher
    .meaning = Käufe bis zum Stichtag. Alle Bestellungen eines Kunden an einem Geschäftstag zählen als eine; stornierte und ganz erstattete zählen nicht.
figure-average_order_value = Mittlerer Bestellwert
    .meaning = Umsatz nach Erstattungen je Kauf, in Währung. Er ist Umsatz, unabhängig von der Marge.
figure-average_days_between_orders = Tage zwischen Bestellungen
    .meaning = Die Tage vom ersten bis zum letzten Kauf, geteilt durch die Wiederkäufe; leer für Kunden mit einem Kauf.
figure-historic_clv = { $basis ->
        [revenue] Bisheriger Umsatz-CLV
       *[margin] Bisheriger CLV
    }
    .meaning = { $basis ->
        [revenue] Was der Kunde bis zum Stichtag gezahlt hat, nach Erstattungen.
       *[margin] Was mit dem Kunden bis zum Stichtag verdient wurde: Marge mal Umsatz nach Erstattungen.
    }
figure-predicted_clv = { $basis ->
        [revenue] Erwarteter Umsatz-CLV
       *[margin] Erwarteter CLV
    }
    .meaning = { $basis ->
        [revenue] Der Umsatz, der vom Kunden im Horizont erwartet wird, auf den Stichtag diskontiert.
       *[margin] Die Marge, die vom Kunden im Horizont erwartet wird, auf den Stichtag diskontiert.
    }
figure-predicted_clv_lower = Erwarteter CLV, unteres Ende
    .meaning = Das untere Ende des Vorhersageintervalls. Es umfasst, was an den Parametern unbekannt und was am Verhalten des Kunden zufällig ist.
figure-predicted_clv_upper = Erwarteter CLV, oberes Ende
    .meaning = Das obere Ende des Vorhersageintervalls.
figure-total_clv = { $basis ->
        [revenue] Gesamter Umsatz-CLV
       *[margin] Gesamter CLV
    }
    .meaning = Bisheriger plus erwarteter Wert. Kosten der Kundengewinnung sind nicht abgezogen.
figure-predicted_number_of_orders = Erwartete Bestellungen
    .meaning = Käufe, die vom Kunden im Horizont erwartet werden.
figure-predicted_number_of_orders_lower = Erwartete Bestellungen, unteres Ende
    .meaning = Das untere Ende des Vorhersageintervalls der Bestellungen.
figure-predicted_number_of_orders_upper = Erwartete Bestellungen, oberes Ende
    .meaning = Das obere Ende des Vorhersageintervalls der Bestellungen.
figure-probability_alive = P(aktiv)
    .meaning = Die Wahrscheinlichkeit, dass der Kunde am Stichtag noch aktiv ist und wieder kaufen kann, nach Häufigkeit und letztem Kauf.
figure-churn_probability = Abwanderungswahrscheinlichkeit
    .meaning = Die Wahrscheinlichkeit, dass der Kunde im Horizont nichts kauft.
figure-expected_date_of_next_order = Nächste Bestellung erwartet
    .meaning = Der Tag, bis zu dem der nächste Kauf erwartet wird, falls der Kunde noch aktiv ist.
