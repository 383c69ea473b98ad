#include "receiver/words/words.h"

#include <stddef.h>

const struct words words_en = {
	.language = "en",
	.decimal = ".",
	.thousands = ",",
	.months = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
	            "November", "December" },
	.weekdays = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" },
	.weekday_is = { "Mo", "Tu", "We", "Th", "Fr", "Sa", "Su" },
	.date = "{0} {1} {2}",
	.date_time = "{0}, {1} UTC",
	.title = "Start here",
	.skip = "Skip to the content",
	.title_of = "Start here: {0}",
	.what = "This is a copy of somebody's files. They are ordinary files in ordinary folders: no program is needed "
	        "to read them. Copy what you need to another disk, and change nothing here.",
	.all_of_it = "Everything that is kept here",
	.on_this_page = "On this page",
	.whose = "Whose files these are",
	.machine = "They come from the machine",
	.source = "There they lay in the folder",
	.pipeline = "This copy is called",
	.macs = "Macs whose backups are in it",
	.mac_completed = "last completed backup {0}",
	.mac_none = "no completed backup",
	.mac_unfinished = ", and a later one that it had not finished",
	.mac_writing = ", and it may just have been writing",
	.mac_failed = "; its verification FAILED",
	.more = "… and {0} more",
	.newest = "The newest copy",
	.newest_is = "It holds everything as it was on {0}: {1} files, {2}.",
	.open_newest = "Open the newest copy",
	.in_it = "In it lie:",
	.look_first = "Look before you take the newest:",
	.look_first_why = "In {0} much more than usual was removed or rewritten. Perhaps somebody wanted that. If "
	                  "files are missing there, or cannot be opened, take the folder before it. What was measured:",
	.none_yet = "There is no copy yet.",
	.dates = "Which dates there are",
	.which_date = "Each marked day is a link to a folder that holds everything as it was on that day. If you do "
	              "not know which one to take, take the newest; if something is missing or spoilt there, take one "
	              "from before that happened.",
	.which_folder =
	        "Each folder in `generations` holds everything as it was on the day of its name; `current` is the "
	        "newest. If you do not know which one to take, take the newest; if something is missing or spoilt "
	        "there, take one from before that happened.",
	.several = "On {0}:",
	.older = "… and {0} older ones in the folder `generations`.",
	.last_ones = "The last ones in detail",
	.folder = "Folder",
	.as_it_was_on = "As it was on",
	.files = "Files",
	.size = "Size",
	.state = "State",
	.clean = "complete: the Mac had finished its backup",
	.quiet = "complete: nothing was being written",
	.incomplete = "the Mac had not finished its backup",
	.in_flight = "taken while files were being written",
	.shared = "Files that did not change are the same file in many of these folders, so together they are much "
	          "smaller than the sum.",
	.utc = "All times are in UTC (the time of Greenwich, without summer time), as the folders' names are.",
	.take_out = "How to take photos and other files out",
	.windows = { "Leave the disk in its NAS and switch the NAS on; the computer must be in the same network.",
	             "Press the Windows key and E. Type `\\\\NAME-OF-THE-NAS` into the address line at the top and "
	             "press "
	             "Enter. If you are asked, give the name and password of somebody who may use the NAS.",
	             "Go to the folder that this page lies in, then into `generations`, then into the folder of the "
	             "date. `current` is the newest.",
	             "Mark what you want, press Ctrl+C, go to a folder of your own, such as Pictures or a USB disk, "
	             "press Ctrl+V, and wait until it is done.",
	             NULL },
	.mac = { "Leave the disk in its NAS and switch the NAS on; the Mac must be in the same network.",
	         "In the Finder choose Go, then Connect to Server, and type `smb://NAME-OF-THE-NAS`. If you are asked, "
	         "give the name and password of somebody who may use the NAS.",
	         "Go to the folder that this page lies in, then into `generations`, then into the folder of the date. "
	         "`current` is the newest.",
	         "Drag what you want to a folder of your own, or to a disk. Dragging copies; nothing is taken away "
	         "here.",
	         NULL },
	.linux_ = { "Through the network as on Windows: type `smb://NAME-OF-THE-NAS/` into the file manager's address "
	            "line (Ctrl+L). Or connect the disk itself: it opens like any other, or by `sudo mount -o ro "
	            "/dev/sdX1 /mnt`.",
	            "Go to the folder that this page lies in, then into `generations`, then into the folder of the "
	            "date. `current` is the newest. Copy what you want.",
	            "All of it, with dates, owners and permissions: `rsync -aHAX --numeric-ids current/ /where/to/`",
	            NULL },
	.disk = "Windows and macOS cannot read a disk that was taken out of a NAS. Refuse when they offer to format or "
	        "initialise it: that would destroy everything. Put it back, or connect it to a computer with Linux; "
	        "one "
	        "that starts from a USB stick does, and nothing is installed for that.",
	.photos =
	        "Photos are the files that end in .jpg, .heic or .png, films those in .mov or .mp4. Something called "
	        ".photoslibrary is a whole photo library of a Mac: on a Mac open it by the app Photos; elsewhere it is "
	        "a folder, and the pictures lie in its folder `originals`.",
	.bundle = "Giving a Mac its backup back (Time Machine)",
	.bundle_is = "{0} is the disk that the Mac backed up to, cut into many small files. It only makes sense as a "
	             "whole: copy the whole of it, and never anything out of it.",
	.bundle_more = "Each of them is the disk that a Mac backed up to, cut into many small files. One only makes "
	               "sense as a whole: copy the whole of it, and never anything out of it.",
	.by_disk = "By a disk (the safest way)",
	.by_disk_steps = { "Take an empty disk that is large enough, and erase it on the Mac in Disk Utility as APFS.",
	                   "Connect the Mac to the NAS as told above, and drag the whole bundle from the folder of the "
	                   "date to that disk. This takes hours.",
	                   "Double-click the bundle on the disk. It opens like a disk. If it was encrypted, the Mac "
	                   "asks "
	                   "for the password that was chosen for the backup.",
	                   NULL },
	.by_network = "Through the network (without a disk)",
	.by_network_steps = { "Connect the Mac to the NAS as told above.",
	                      "Open the app Terminal, type `hdiutil attach -readonly ` with a space behind it, drag "
	                      "the "
	                      "bundle into its window, and press Enter. It opens like a disk, and nothing in this copy "
	                      "is changed. A double-click would write into it.",
	                      NULL },
	.migration = "Then, on the Mac",
	.migration_steps = { "All of it, also on a new Mac: start Migration Assistant (in Applications, Utilities; a "
	                     "new "
	                     "Mac starts it by itself), choose to transfer from a Mac, Time Machine backup or startup "
	                     "disk, and choose the disk that was opened. Where it does not show that one, use the way "
	                     "by "
	                     "a disk.",
	                     "Single files: open the disk in the Finder. It has a folder for each of the Mac's "
	                     "backups. "
	                     "Drag out what you need.",
	                     "To go on backing up with it: copy the bundle into the folder of a NAS that Macs back up "
	                     "to, and choose that one in System Settings, General, Time Machine. The Mac asks whether "
	                     "the backup that is there is to be gone on with.",
	                     NULL },
	.bundle_elsewhere = "Without a Mac: on Linux, `sparsebundlefs` opens it.",
	.call = "Whom to call",
	.call_them = "{0} knows this copy and can help.",
	.phone = "Telephone",
	.mail = "E-mail",
	.call_nobody = "Nobody is named here. Ask who looks after the machine {0}.",
	.call_nobody_known = "Nobody is named here. Ask who looks after these backups.",
	.undamaged = "Is it undamaged?",
	.check = "Each file carries its SHA-256 in the extended attribute `user.aob.sha256`, which `getfattr -e hex -n "
	         "user.aob.sha256 FILE` shows; it must be what `sha256sum FILE` says.",
	.fake_super = "Owners that could not be set here are kept in `user.rsync.%stat`, which `rsync --fake-super` "
	              "reads.",
	.written = "Written by AutoOffsiteBackup on {0}. The folder `.aob` holds what it needs itself.",
	.all = "What is kept here",
	.all_are = "Each of these is a copy of its own, with a page that tells which dates there are and how to take "
	           "files out.",
	.all_newest = "newest copy {0}: {1} files, {2}",
	.all_dates = "dates: {0}",
};
