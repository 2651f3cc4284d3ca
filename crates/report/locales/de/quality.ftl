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
refusal-missing_value = Ein Wert, den die Zeile braucht, ist leer
refusal-bad_value = Ein Wert ist nicht lesbar

treatment-exact_duplicate = Zeilen gleich einer früheren Zeile derselben Bestellung: verworfen
treatment-replaced_order = Bestellungen, die erneut kamen: Die zuletzt gelesene Zeile zählt
treatment-overlapping_file = Zeilen von Bestellungen, die schon eine frühere Datei enthält: verworfen
treatment-other_source = Bestellungen, die eine frühere Quelle schon enthält: Ihre Kopien werden weggelassen
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
format-canonical = mit SQL zugeordnete Bestellungen
format-several = mehrere Quellen von Bestellungen

check-duplicates = Zeilen oder Bestellungen, die in derselben Quelle erneut kamen
check-duplicates_across_sources = Bestellungen oder Erstattungen, die eine frühere Quelle schon enthält
check-orphans = Positionen oder Kosten von Bestellungen, die keine Quelle enthält
check-unknown_customers = Kunden mit Käufen, die in der Kundentabelle fehlen
check-missing_costs = Bestellungen ohne bekannte Kosten
check-unmatched_refunds = Erstattungen, deren Bestellung nicht bekannt ist
check-refunds_above_order = Bestellungen, von denen mehr erstattet als bezahlt wurde
check-assumed_date_order = Daten (Tag oder Monat zuerst?), die in einer angenommenen Reihenfolge gelesen wurden
check-currency_mix = Zeilen in einer von mehreren Währungen
check-gaps_in_time = Tage ohne Bestellungen, die der Zufall nicht erklärt
check-refused_rows = Zeilen, die nicht verwendet werden konnten

change-new = neu
change-worse = mehr als im letzten Lauf
change-same = wie im letzten Lauf
change-better = weniger als im letzten Lauf
change-gone = nicht mehr gefunden

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
