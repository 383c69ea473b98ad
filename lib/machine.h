/* machine: which machine this is, for ends that must tell one from another.
 *
 * threads: any. source: machine-id(5): the ID itself is not to be given away, so a keyed hash of it is; as sd_id128_get_machine_app_specific(3) does */
#ifndef AOB_MACHINE_H
#define AOB_MACHINE_H

#define MACHINE_ID_SIZE 33
#define MACHINE_HOST_SIZE 65

struct machine {
	char id[MACHINE_ID_SIZE]; /* 32 hexadecimal digits: the same as long as /etc/machine-id is (or the file that AOB_MACHINE_ID_FILE names: for containers); without one, as its name is */
	char host[MACHINE_HOST_SIZE]; /* its name, for people */
};

void machine_this(struct machine *machine);

#endif
