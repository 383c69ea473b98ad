/* seed_folder: the folder on a carried disk that a seed lies in. Not the disk's mount point itself: so an unmounted disk leaves nothing behind that could be written to in its place. */
#ifndef AOB_SEED_FOLDER_H
#define AOB_SEED_FOLDER_H

#define SEED_FOLDER "aob-seed"

#endif
