/* by_name: things that are found by their names, at a cost that does not grow with their number. Names and things are borrowed.
 *
 * An empty one is all zeros; by_name_done leaves it so. threads: one at a time. */
#ifndef AOB_BY_NAME_H
#define AOB_BY_NAME_H

#include <stddef.h>

struct by_name_place {
	const char *name; /* NULL: nobody's */
	void *thing;
};

struct by_name {
	struct by_name_place *places;
	size_t room; /* 0, or a power of two above n */
	size_t n;
};

void by_name_done(struct by_name *names);

/* by_name_put: name must stay as it is until by_name_drop; that of another thing is taken over by this one.
 * returns: 0; -1: memory is out, nothing has changed */
int by_name_put(struct by_name *names, const char *name, void *thing);

/* by_name_get: NULL: there is none of that name. */
void *by_name_get(const struct by_name *names, const char *name);

/* by_name_drop: nothing happens if there is none of that name. */
void by_name_drop(struct by_name *names, const char *name);

#endif
