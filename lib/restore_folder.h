/* restore_folder: the folder that an unfinished restore keeps in its target: this and 16 hexadecimal digits. What lies in one is half a restore's and nobody's: no generation has it. */
#ifndef AOB_RESTORE_FOLDER_H
#define AOB_RESTORE_FOLDER_H

#define RESTORE_FOLDER_PREFIX ".aob-restore-"
#define RESTORE_FOLDER_DIGITS 16
#define RESTORE_FOLDER_4 "[0-9a-f][0-9a-f][0-9a-f][0-9a-f]"
/* As lib/exclude.h has it. */
#define RESTORE_FOLDER_PATTERN RESTORE_FOLDER_PREFIX RESTORE_FOLDER_4 RESTORE_FOLDER_4 RESTORE_FOLDER_4 RESTORE_FOLDER_4

#endif
