/* bare_welcome: what a far end without anything of ours tells of itself, decoded and checked. Pure.
 *
 * source: docs/engine-rsync.md, "The conversation" */
#ifndef AOB_BARE_WELCOME_H
#define AOB_BARE_WELCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/machine.h"

#define BARE_WELCOME_FORMAT 1          /* of the vault: the newest that is known */
#define BARE_WELCOME_OLDEST 30100u     /* the oldest rsync that will do: 3.1 */
#define BARE_WELCOME_FINE_SINCE 30103u /* the one that looks at fractions of a second */
#define BARE_WELCOME_SAFE_SINCE                                                                                        \
	30205u /* the one that holds what a far end sends against what was asked for: CVE-2022-29154 */

struct bare_welcome {
	bool is_root;
	unsigned rsync;  /* its version: 3.1.3 is 30103 */
	bool fine_times; /* fractions of a second are kept there, and both rsyncs look at them; known after bare_take */
	int64_t clock_s;
	uint64_t free_bytes, total_bytes; /* 0: not told */
	char vault_id[64];                /* "": nobody has written there yet */
	char owner_id[MACHINE_ID_SIZE];   /* "": nobody's */
	char owner_host[MACHINE_HOST_SIZE];
	int64_t owner_since_s;
};

/* bare_welcome_hello: "UID CLOCK". bare_welcome_line: another line, up to "ready"; one that is not known is passed over.
 * errors: ERR_PROTOCOL, ERR_CONFIG (too old an rsync, too new a format), ERR_DAMAGED */
int bare_welcome_hello(const char *line, struct bare_welcome *welcome, struct error *err);
int bare_welcome_line(const char *line, struct bare_welcome *welcome, struct error *err);

/* bare_welcome_version: "3.1.3", or "3.1". Returns 30103; 0: it is none. */
unsigned bare_welcome_version(const char *text);

#endif
