/* scratch: a file without a name, for work that must not cost memory; gone when it is closed, however the process ends. In $TMPDIR, else /var/tmp:
 * /tmp often is memory itself, and is for machines where there is nothing better.
 *
 * threads: none shared. source: open(2), O_TMPFILE; file-hierarchy(7) */
#ifndef AOB_SCRATCH_H
#define AOB_SCRATCH_H

#include <stdio.h>

#include "lib/error.h"

/* scratch_file: open for reading and writing; the caller's, fclose(3). NULL: err is set, by errno. */
FILE *scratch_file(struct error *err);

#endif
