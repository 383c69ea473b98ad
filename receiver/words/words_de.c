#include "receiver/words/words.h"

#include <stddef.h>

const struct words words_de = {
	.language = "de",
	.decimal = ",",
	.thousands = ".",
	.months = { "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
	            "November", "Dezember" },
	.weekdays = { "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag" },
	.weekday_is = { "Mo", "Di", "Mi", "Do", "Fr", "Sa", "So" },
	.date = "{0}. {1} {2}",
	.date_time = "{0}, {1} Uhr UTC",
	.title = "Bitte hier anfangen",
	.skip = "Zum Inhalt springen",
	.title_of = "Bitte hier anfangen: {0}",
	.what = "Hier liegt eine Kopie von Dateien, die jemandem gehören. Es sind gewöhnliche Dateien in gewöhnlichen "
	        "Ordnern: Um "
	        "sie zu lesen, ist kein Programm nötig. Bitte kopieren Sie, was Sie brauchen, auf einen anderen "
	        "Datenträger und ändern Sie hier nichts.",
	.all_of_it = "Alles, was hier liegt",
	.on_this_page = "Auf dieser Seite",
	.whose = "Wessen Dateien das sind",
	.machine = "Sie stammen von dem Gerät",
	.source = "Dort lagen sie im Ordner",
	.pipeline = "Diese Kopie heißt",
	.macs = "Macs, deren Backups darin sind",
	.mac_completed = "letztes vollständiges Backup {0}",
	.mac_none = "kein vollständiges Backup",
	.mac_unfinished = ", und ein späteres, das noch nicht fertig war",
	.mac_writing = ", und vielleicht wurde gerade geschrieben",
	.mac_failed = "; seine Überprüfung ist FEHLGESCHLAGEN",
	.more = "… und {0} weitere",
	.newest = "Die neueste Kopie",
	.newest_is = "Sie enthält alles, wie es am {0} war: {1} Dateien, {2}.",
	.open_newest = "Die neueste Kopie öffnen",
	.in_it = "Darin liegen:",
	.look_first = "Bitte erst nachsehen, bevor Sie die neueste nehmen:",
	.look_first_why =
	        "In {0} wurde viel mehr als sonst gelöscht oder überschrieben. Vielleicht war das so gewollt. "
	        "Falls dort Dateien fehlen oder sich nicht öffnen lassen, nehmen Sie den Ordner davor. "
	        "Gemessen wurde:",
	.none_yet = "Es gibt noch keine Kopie.",
	.dates = "Welche Tage es gibt",
	.which_date =
	        "Jeder markierte Tag führt zu einem Ordner, der alles enthält, wie es an diesem Tag war. Wenn Sie "
	        "nicht wissen, welchen Sie nehmen sollen, nehmen Sie den neuesten; wenn dort etwas fehlt oder "
	        "beschädigt ist, einen von davor.",
	.which_folder =
	        "Jeder Ordner in `generations` enthält alles, wie es an dem Tag seines Namens war; `current` ist der "
	        "neueste. Wenn Sie nicht wissen, welchen Sie nehmen sollen, nehmen Sie den neuesten; wenn dort "
	        "etwas fehlt oder beschädigt ist, einen von davor.",
	.several = "Am {0}:",
	.older = "… und {0} ältere im Ordner `generations`.",
	.last_ones = "Die letzten im Einzelnen",
	.folder = "Ordner",
	.as_it_was_on = "Stand vom",
	.files = "Dateien",
	.size = "Größe",
	.state = "Zustand",
	.clean = "vollständig: der Mac war mit seinem Backup fertig",
	.quiet = "vollständig: es wurde nichts geschrieben",
	.incomplete = "der Mac war mit seinem Backup noch nicht fertig",
	.in_flight = "aufgenommen, während Dateien geschrieben wurden",
	.shared = "Dateien, die sich nicht geändert haben, sind in vielen dieser Ordner dieselbe Datei; zusammen sind "
	          "sie deshalb viel kleiner als die Summe.",
	.utc = "Alle Zeiten sind in UTC (die Zeit von Greenwich, ohne Sommerzeit), wie auch in den Namen der Ordner. "
	       "In "
	       "Deutschland ist es eine Stunde später, im Sommer zwei.",
	.take_out = "Wie man Fotos und andere Dateien herausholt",
	.windows = { "Lassen Sie die Festplatte im NAS und schalten Sie das NAS ein; der Computer muss im selben Netz "
	             "sein.",
	             "Drücken Sie die Windows-Taste und E. Geben Sie oben in die Adresszeile `\\\\NAME-DES-NAS` ein "
	             "und "
	             "drücken Sie die Eingabetaste. Wenn danach gefragt wird, geben Sie Name und Passwort von jemandem "
	             "ein, der das NAS benutzen darf.",
	             "Gehen Sie in den Ordner, in dem diese Seite liegt, dann in `generations`, dann in den Ordner des "
	             "Tages. `current` ist der neueste.",
	             "Markieren Sie, was Sie möchten, drücken Sie Strg+C, gehen Sie in einen eigenen Ordner, etwa "
	             "Bilder "
	             "oder eine USB-Festplatte, drücken Sie Strg+V und warten Sie, bis alles kopiert ist.",
	             NULL },
	.mac = { "Lassen Sie die Festplatte im NAS und schalten Sie das NAS ein; der Mac muss im selben Netz sein.",
	         "Wählen Sie im Finder „Gehe zu“, dann „Mit Server verbinden“, und geben Sie `smb://NAME-DES-NAS` ein. "
	         "Wenn danach gefragt wird, geben Sie Name und Passwort von jemandem ein, der das NAS benutzen darf.",
	         "Gehen Sie in den Ordner, in dem diese Seite liegt, dann in `generations`, dann in den Ordner des "
	         "Tages. "
	         "`current` ist der neueste.",
	         "Ziehen Sie, was Sie möchten, in einen eigenen Ordner oder auf eine Festplatte. Dabei wird kopiert; "
	         "hier "
	         "kommt nichts weg.",
	         NULL },
	.linux_ = { "Über das Netz wie unter Windows: Geben Sie `smb://NAME-DES-NAS/` in die Adresszeile der "
	            "Dateiverwaltung ein (Strg+L). Oder schließen Sie die Festplatte selbst an: Sie öffnet sich wie "
	            "jede "
	            "andere, oder mit `sudo mount -o ro /dev/sdX1 /mnt`.",
	            "Gehen Sie in den Ordner, in dem diese Seite liegt, dann in `generations`, dann in den Ordner des "
	            "Tages. `current` ist der neueste. Kopieren Sie, was Sie möchten.",
	            "Alles, mit Zeiten, Eigentümern und Rechten: `rsync -aHAX --numeric-ids current/ /wohin/auch/`",
	            NULL },
	.disk = "Windows und macOS können eine Festplatte, die aus einem NAS genommen wurde, nicht lesen. Lehnen Sie "
	        "ab, "
	        "wenn sie sie formatieren oder initialisieren wollen: Das würde alles zerstören. Setzen Sie sie wieder "
	        "ein, oder schließen Sie sie an einen Computer mit Linux an; es genügt einer, der von einem USB-Stick "
	        "startet, und dafür wird nichts installiert.",
	.photos =
	        "Fotos sind die Dateien, die auf .jpg, .heic oder .png enden, Filme die auf .mov oder .mp4. Etwas mit "
	        "der Endung .photoslibrary ist eine ganze Fotomediathek von einem Mac: Auf einem Mac öffnet sie die "
	        "App Fotos; anderswo ist sie ein Ordner, und die Bilder liegen darin im Ordner `originals`.",
	.bundle = "Einem Mac sein Backup zurückgeben (Time Machine)",
	.bundle_is =
	        "{0} ist die Festplatte, auf die der Mac gesichert hat, in viele kleine Dateien zerlegt. Sie ergibt "
	        "nur als Ganzes einen Sinn: Kopieren Sie sie ganz, und nie etwas daraus.",
	.bundle_more =
	        "Jedes davon ist die Festplatte, auf die ein Mac gesichert hat, in viele kleine Dateien zerlegt. "
	        "Sie ergibt nur als Ganzes einen Sinn: Kopieren Sie sie ganz, und nie etwas daraus.",
	.by_disk = "Mit einer Festplatte (am sichersten)",
	.by_disk_steps = { "Nehmen Sie eine leere Festplatte, die groß genug ist, und löschen Sie sie auf dem Mac im "
	                   "Festplattendienstprogramm als APFS.",
	                   "Verbinden Sie den Mac mit dem NAS wie oben beschrieben, und ziehen Sie das ganze Bundle "
	                   "aus "
	                   "dem Ordner des Tages auf diese Festplatte. Das dauert Stunden.",
	                   "Doppelklicken Sie das Bundle auf der Festplatte. Es öffnet sich wie eine Festplatte. War "
	                   "es "
	                   "verschlüsselt, fragt der Mac nach dem Passwort, das für das Backup gewählt wurde.",
	                   NULL },
	.by_network = "Über das Netz (ohne Festplatte)",
	.by_network_steps = { "Verbinden Sie den Mac mit dem NAS wie oben beschrieben.",
	                      "Öffnen Sie die App Terminal, tippen Sie `hdiutil attach -readonly ` mit einem "
	                      "Leerzeichen "
	                      "dahinter, ziehen Sie das Bundle in ihr Fenster und drücken Sie die Eingabetaste. Es "
	                      "öffnet sich wie eine Festplatte, und in dieser Kopie ändert sich nichts. Ein "
	                      "Doppelklick "
	                      "würde hineinschreiben.",
	                      NULL },
	.migration = "Dann, auf dem Mac",
	.migration_steps = { "Alles, auch auf einem neuen Mac: Starten Sie den Migrationsassistenten (in Programme, "
	                     "Dienstprogramme; ein neuer Mac startet ihn von selbst), wählen Sie die Übertragung von "
	                     "einem Mac, Time Machine-Backup oder Startvolume, und wählen Sie die Festplatte, die "
	                     "geöffnet wurde. Zeigt er sie nicht an, nehmen Sie den Weg mit einer Festplatte.",
	                     "Einzelne Dateien: Öffnen Sie die Festplatte im Finder. Sie hat einen Ordner für jedes "
	                     "Backup des Macs. Ziehen Sie heraus, was Sie brauchen.",
	                     "Um damit weiter zu sichern: Kopieren Sie das Bundle in den Ordner eines NAS, auf den "
	                     "Macs "
	                     "sichern, und wählen Sie diesen in Systemeinstellungen, Allgemein, Time Machine. Der Mac "
	                     "fragt, ob das vorhandene Backup weitergeführt werden soll.",
	                     NULL },
	.bundle_elsewhere = "Ohne Mac: Unter Linux öffnet es `sparsebundlefs`.",
	.call = "Wen man anruft",
	.call_them = "{0} kennt diese Kopie und kann helfen.",
	.phone = "Telefon",
	.mail = "E-Mail",
	.call_nobody = "Hier ist niemand genannt. Fragen Sie, wer sich um das Gerät {0} kümmert.",
	.call_nobody_known = "Hier ist niemand genannt. Fragen Sie, wer sich um diese Backups kümmert.",
	.undamaged = "Ist sie unbeschädigt?",
	.check = "Jede Datei trägt ihre SHA-256 im erweiterten Attribut `user.aob.sha256`, das `getfattr -e hex -n "
	         "user.aob.sha256 DATEI` zeigt; es muss dasselbe sein, was `sha256sum DATEI` sagt.",
	.fake_super = "Eigentümer, die sich hier nicht setzen ließen, stehen in `user.rsync.%stat`, das `rsync "
	              "--fake-super` liest.",
	.written = "Geschrieben von AutoOffsiteBackup am {0}. Der Ordner `.aob` enthält, was es selbst braucht.",
	.all = "Was hier liegt",
	.all_are = "Jedes davon ist eine Kopie für sich, mit einer Seite, die sagt, welche Tage es gibt und wie man "
	           "Dateien herausholt.",
	.all_newest = "neueste Kopie {0}: {1} Dateien, {2}",
	.all_dates = "Stände: {0}",
};
