/* spans: one version of a file, and the generations one behind the other that have it. They are put together while generation by generation is told, the oldest first;
 * what is still open waits in a scratch file, so memory is bounded however much there is.
 *
 * lifetime: spans_new / spans_destroy. threads: one. */
#ifndef AOB_SPANS_H
#define AOB_SPANS_H

#include "lib/entry.h"
#include "lib/error.h"
#include "receiver/version.h"
#include "wire/look_codec.h"

struct spans;

/* Something that one generation has. */
struct spans_match {
	const struct entry *entry; /* all of it, with its digest */
	struct version version;    /* its hash is read if it is not there and needed … */
	int parent_fd;             /* … from here */
	const char *name;
};

/* Called for each span that has come to its end: in the order of the generations, those that end at one in entry_order. */
typedef int spans_each(void *context, const struct wire_found *span, struct error *err);

int spans_new(spans_each *each, void *context, struct spans **spans, struct error *err);
void spans_destroy(struct spans **spans);

/* spans_generation: what is added from now on is in this one. errors: those of spans_add */
int spans_generation(struct spans *spans, const char *generation, struct error *err);

/* spans_add: in entry_order. errors: ERR_SPACE, ERR_IO (scratch file), `each`'s own */
int spans_add(struct spans *spans, struct spans_match *match, struct error *err);

/* spans_finish: there are no more generations. errors: those of spans_add */
int spans_finish(struct spans *spans, struct error *err);

/* spans_same: is `now` what `before` was? A file by its content and time, a folder as long as it is one, others by where they lead and their time. Pure. */
bool spans_same(const struct entry *before, const struct version *before_version, const struct entry *now,
                const struct version *now_version);

#endif
