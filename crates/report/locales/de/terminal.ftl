# Was nur das Terminal sagt.

progress-read = Bestellungen lesen
progress-summarise = Kunden zusammenfassen
progress-select = Modell wählen
progress-fit = Modelle schätzen
progress-score = Kunden bewerten
progress-join = Werte sammeln
progress-validate = An zurückgelegten Daten prüfen
progress-simulate = Shop simulieren

terminal-span = { $lower } – { $upper }
terminal-column-interval = { $level }-Intervall
terminal-column-interval-short = Intervall
terminal-column-total = Summe
terminal-column-model = Modell
terminal-column-log-likelihood = Log-Lik.
terminal-column-log-score = Log-Wert
terminal-column-mae-short = MAE
terminal-column-rmse-short = RMSE
terminal-column-bias = Abweichung
terminal-column-predicted = Erwartet
terminal-column-actual = Gekommen
terminal-column-held = Gehalten
terminal-column-value = Umsatz
terminal-column-customer = Kunde
terminal-column-orders = Käufe
terminal-column-last = Letzter Kauf
terminal-column-historic = Bisher
terminal-column-predicted-clv = Erwartet
terminal-column-from-to = Intervall
terminal-column-alive = P(aktiv)
terminal-column-file = Datei
terminal-column-rows = Zeilen
terminal-column-dirt = In die Bestellungen gestreut
terminal-column-planted = Zeilen
terminal-column-found = Gefunden
terminal-column-figure = Innerhalb des Jahres
terminal-column-knowable = Bei bekannten Raten
terminal-column-came = Gekommen

terminal-definitions = Erwartet: innerhalb von { COUNT($horizon_days) } Tagen, abgezinst mit { $discount } pro Jahr. Bestellungen eines Kunden an einem Tag ({ $time_zone }) zählen als eine.
terminal-fits = Geschätzte Modelle
terminal-fit = { MODEL($model) }: { COUNT($customers) } Kunden bis { DATE($until) }, Zeit in { $unit }, Log-Likelihood { $log_likelihood }.
terminal-hold-out = Geschätzt bis { DATE($until) }, geprüft an den { COUNT($days) } Tagen danach
terminal-hold-out-note = MAE und RMSE in Bestellungen je Kunde; Gehalten: Kunden, deren Intervall zutraf. Ein höherer Log-Wert ist besser.
terminal-choose-other = Eine andere Spalte wählt man mit --columns { $role }=NAME.
terminal-files = Geschrieben
terminal-file-out = Werte aller Kunden
terminal-file-report = Bericht
terminal-file-quarantine = Abgelehnte Zeilen
terminal-file-none = Die Werte aller Kunden wurden nicht geschrieben; --out values.parquet behält sie, --report report.html macht eine Seite.
terminal-refused-nowhere = Die abgelehnten Zeilen wurden nicht behalten; --quarantine DATEI schreibt sie mit Zeilennummer und Grund.

terminal-shop = Ein simulierter Shop
terminal-shop-lead = { COUNT($customers) } Kunden haben vom { DATE($first) } bis { DATE($as_of) } { COUNT($orders) } Mal bestellt. Was sie im Jahr danach tun, ist bekannt, steht aber nicht in den Bestellungen.
terminal-dirt = Schmutzige Zeilen
terminal-dirt-guest = Bestellungen ohne Kunden
terminal-dirt-exact_duplicate = Zeilen, die doppelt stehen
terminal-dirt-broken_date = Tage, die es nicht gibt
terminal-dirt-future_date = Tage in der Zukunft
terminal-dirt-negative_row = Gutschriften
terminal-dirt-cancelled = Stornierte Bestellungen
terminal-truth = Gegen die Wahrheit
terminal-truth-lead = Die Kunden des Shops leben nach dem Ende der Bestellungen ein Jahr weiter. Die Vorhersagen sind hier nicht abgezinst, damit man sie mit dem vergleichen kann, was kommt. Bei bekannten Raten: was vorhersagen würde, wer die wahren Raten jedes Kunden kennt.
terminal-truth-held = { $figure }: Die Summe liegt im Intervall. Kunden, deren eigenes { $level }-Intervall enthält, was kommt: { $coverage }.
terminal-truth-missed = { $figure }: Die Summe liegt außerhalb des Intervalls. Kunden, deren eigenes { $level }-Intervall enthält, was kommt: { $coverage }.
