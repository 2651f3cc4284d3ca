# Was aus den Zeilen wurde, wie Spalten gelesen wurden, welche Formate bekannt sind.

refusal-broken_row = Die Zeile hat nicht den Aufbau der Datei
refusal-no_customer = Die Zeile nennt keinen Kunden (ein Gast)
refusal-no_date = Die Zeile hat kein Datum
refusal-bad_date = Das Datum ist in der Form seiner Spalte nicht lesbar
refusal-future_date = Das Datum liegt in der Zukunft
refusal-bad_amount = Ein Betrag fehlt oder ist in der Form seiner Spalte nicht lesbar
refusal-amount_too_large = Der Betrag ist zu groß für exaktes Rechnen
refusal-payment_failed = Die Zahlung schlug fehl, es wurde nichts gekauft
refusal-not_paid = Die Bestellung ist nicht bezahlt (offen, nur autorisiert, Entwurf oder angehalten)

treatment-exact_duplicate = Zeilen gleich einer früheren Zeile derselben Bestellung: verworfen
treatment-replaced_order = Bestellungen, die erneut kamen: Die zuletzt gelesene Zeile zählt
treatment-overlapping_file = Zeilen von Bestellungen, die schon eine frühere Datei enthält: verworfen
treatment-repeated_line = Gleiche Zeilen in einer Bestellung: behalten, derselbe Artikel zweimal gebucht
treatment-equal_rows = Zeilen gleich in Kunde, Tag und Betrag, ohne Bestellnummer: behalten, Käufe können gleich sein
treatment-cancelled_order = Stornierte Bestellungen: zählen nicht
treatment-wholly_refunded_order = Ganz erstattete Bestellungen: zählen nicht
treatment-linked_refund = Erstattungen: senken die Bestellung, zu der sie gehören
treatment-unlinked_refund = Erstattungen ohne bekannte Bestellung: senken den bisherigen Wert des Kunden an ihrem Tag
treatment-zero_amount = Bestellungen mit Betrag null: Käufe ohne Ausgabe
treatment-zero_dropped = Bestellungen mit Betrag null: wie gewünscht verworfen
treatment-rounded_amount = Beträge mit mehr als sechs Nachkommastellen: auf sechs gerundet
treatment-converted = Beträge mit dem angegebenen Kurs umgerechnet
treatment-blank_row = Zeilen ohne Inhalt: übergangen

format-shopify = Shopify-Bestellexport
format-stripe = Stripe-Zahlungsexport
format-woo_commerce = WooCommerce-Bestellexport
format-online_retail = Online-Retail-Zeilen
format-cdnow = CDNOW-Käufe
format-plain = einfache Tabelle von Bestellungen

role-customer = Kunde
role-date = Datum
role-amount = Betrag
role-order = Bestellnummer
role-quantity = Menge
role-price = Stückpreis
role-currency = Währung
role-refund = Erstattung
role-cost = Kosten
role-status = Status
role-cancelled_at = Storniert am
role-captured = Eingezogen
