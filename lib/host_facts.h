/* host_facts: what a machine knows of its own health: security updates, need of a restart, end of support, clock, disks. Names and values, so that two versions of
 * ours understand each other; a name that one does not know says nothing to it. docs/doctor.md has all of them. None is a secret.
 *
 * threads: one at a time. */
#ifndef AOB_HOST_FACTS_H
#define AOB_HOST_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_FACTS_MAX 96
#define HOST_FACTS_NAME_SIZE 48
#define HOST_FACTS_VALUE_SIZE 256

struct host_facts {
	size_t n;
	struct {
		char name[HOST_FACTS_NAME_SIZE];
		char value[HOST_FACTS_VALUE_SIZE];
	} list[HOST_FACTS_MAX];
};

/* host_facts_put: control characters become spaces, what is too long is cut, what is too many is dropped. */
void host_facts_put(struct host_facts *facts, const char *name, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* host_facts_get: borrowed; "": it is not there. */
const char *host_facts_get(const struct host_facts *facts, const char *name);

/* host_facts_collect: of this machine. Programs that it asks (apt-get, smartctl) have bounded time each, about a minute in all at the very most. root: the folder whose disk counts; facts: zeroed. */
void host_facts_collect(const char *root, struct host_facts *facts);

/* host_facts_clock: the wall clock, in microseconds: put last, as it is compared. */
void host_facts_clock(struct host_facts *facts);

/* host_facts_support_end: "YYYY-MM-DD" of this release, "": not known. os_release, distro_info: borrowed: the text of os-release(5), and the folder of Debian's package distro-info-data. Pure but for that. */
void host_facts_support_end(const char *os_release, const char *distro_info, char out[16]);

#endif
