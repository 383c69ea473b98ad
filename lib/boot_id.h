/* boot_id: which start of this machine this is: what was written but not synced before another one may not be there. */
#ifndef AOB_BOOT_ID_H
#define AOB_BOOT_ID_H

#define BOOT_ID_SIZE 40

/* boot_id_read: "" where it can't be read, which is like no other boot. threads: any. source: random(4), /proc/sys/kernel/random/boot_id */
void boot_id_read(char id[BOOT_ID_SIZE]);

#endif
