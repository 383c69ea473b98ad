/* store_lab: a store in a folder of its own. For tests of what lies in it. */
#ifndef AOB_TESTS_STORE_LAB_H
#define AOB_TESTS_STORE_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "broker/run_store.h"
#include "tests/unit/scratch.h"

static char folder[200];
static struct run_store *store;
static struct error err;

static inline void open_store(void)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/state.db", folder);
	if (run_store_open(path, &store, &err) != 0)
		fail_msg("%s", err.text);
}

static inline int set_up(void **state)
{
	(void)state;
	if (scratch_make(folder, sizeof(folder), "store") != 0)
		return -1;
	open_store();
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	run_store_close(&store);
	return scratch_remove(folder);
}

#endif
