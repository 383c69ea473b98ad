/* What a snapshot is called, by what the watcher saw and what is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "snapshotter/proof.h"

#define ANNA "Anna.sparsebundle"
#define BOB "Bob.sparsebundle"

struct in_it { /* a bundle in the snapshot */
	const char *path;
	enum time_machine_history history;
	int64_t completed_at;
};

static const struct {
	const char *name;
	bool time_machine, still;
	uint64_t ctransid;
	struct in_it macs[2];
	struct stage_rest rest;
	bool at_rest;
	const char *state;
	bool more;
	bool forced;
} rows[] = {
	{ "files", false, true, 7, { { 0 } }, { .known = false }, true, "quiet", false, false },
	{ "files, written to around the snapshot",
	  false,
	  false,
	  7,
	  { { 0 } },
	  { .known = true, .ctransid = 7 },
	  false,
	  "in-flight",
	  false,
	  false },
	{ "completed, and the same as the watcher saw",
	  true,
	  true,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 500 } },
	  { .known = true, .ctransid = 7, .n_macs = 1, .macs = { { ANNA, true, 500 } } },
	  true,
	  "clean",
	  false,
	  false },
	{ "… but written to around the snapshot",
	  true,
	  false,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 500 } },
	  { .known = true, .ctransid = 7, .n_macs = 1, .macs = { { ANNA, true, 500 } } },
	  false,
	  "in-flight",
	  false,
	  false },
	{ "… but written to between the watcher's look and the snapshot",
	  true,
	  true,
	  8,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 500 } },
	  { .known = true, .ctransid = 7, .n_macs = 1, .macs = { { ANNA, true, 500 } } },
	  false,
	  "in-flight",
	  false,
	  false },
	{ "… but with another date in it",
	  true,
	  true,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 600 } },
	  { .known = true, .ctransid = 7, .n_macs = 1, .macs = { { ANNA, true, 500 } } },
	  false,
	  "in-flight",
	  false,
	  false },
	{ "… but with its history away",
	  true,
	  true,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_MISSING, 0 } },
	  { .known = true, .ctransid = 7, .n_macs = 1, .macs = { { ANNA, true, 500 } } },
	  false,
	  "in-flight",
	  false,
	  false },
	{ "a pause in a backup, by hand: nobody saw it at rest",
	  true,
	  true,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 500 } },
	  { .known = false },
	  false,
	  "in-flight",
	  false,
	  false },
	{ "at rest, but not finished",
	  true,
	  true,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 500 } },
	  { .known = true, .ctransid = 7, .n_macs = 1, .macs = { { ANNA, false, 500 } } },
	  true,
	  "incomplete",
	  false,
	  false },
	{ "one has finished, the other has not",
	  true,
	  true,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 500 }, { BOB, TIME_MACHINE_HISTORY_UNREADABLE, 0 } },
	  { .known = true, .ctransid = 7, .n_macs = 2, .macs = { { BOB, false, 0 }, { ANNA, true, 500 } } },
	  true,
	  "incomplete",
	  false,
	  false },
	{ "a bundle that the watcher has not told of",
	  true,
	  true,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 500 }, { BOB, TIME_MACHINE_HISTORY_READ, 500 } },
	  { .known = true, .ctransid = 7, .n_macs = 1, .macs = { { ANNA, true, 500 } } },
	  false,
	  "in-flight",
	  false,
	  false },
	{ "completed, but there are bundles that nobody looks after",
	  true,
	  true,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 500 } },
	  { .known = true, .ctransid = 7, .n_macs = 1, .macs = { { ANNA, true, 500 } } },
	  true,
	  "incomplete",
	  true,
	  false },
	{ "the same count, but of another disk",
	  true,
	  true,
	  7,
	  { { ANNA, TIME_MACHINE_HISTORY_READ, 500 } },
	  { .known = true, .ctransid = 7, .source_uuid = "b", .n_macs = 1, .macs = { { ANNA, true, 500 } } },
	  false,
	  "in-flight",
	  false,
	  false },
	{ "files of another disk",
	  false,
	  true,
	  7,
	  { { 0 } },
	  { .known = true, .ctransid = 7, .source_uuid = "b" },
	  false,
	  "in-flight",
	  false,
	  false },
	{ "files of the same disk",
	  false,
	  true,
	  7,
	  { { 0 } },
	  { .known = true, .ctransid = 7, .source_uuid = "a" },
	  true,
	  "quiet",
	  false,
	  false },
	{ "files that would not rest, in a pause of their writer",
	  false,
	  true,
	  7,
	  { { 0 } },
	  { .known = false },
	  false,
	  "in-flight",
	  false,
	  true },
	{ "for Macs, but none has come yet",
	  true,
	  true,
	  7,
	  { { 0 } },
	  { .known = true, .ctransid = 7 },
	  true,
	  "quiet",
	  false,
	  false },
};

static void what_it_is_called(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proof proof = { .time_machine = rows[i].time_machine, .more = rows[i].more };
		struct subvolume frozen = { .parent_uuid = "a", .ctransid = rows[i].ctransid };

		proof.macs = calloc(2, sizeof(*proof.macs));
		assert_non_null(proof.macs);
		for (; proof.n_macs < 2 && rows[i].macs[proof.n_macs].path != NULL; proof.n_macs++) {
			const struct in_it *in = &rows[i].macs[proof.n_macs];
			struct time_machine *bundle = &proof.macs[proof.n_macs];

			(void)snprintf(bundle->path, sizeof(bundle->path), "%s", in->path);
			bundle->history = in->history;
			bundle->completed_at_s = in->completed_at;
		}
		proof_judge(&proof, &rows[i].rest, rows[i].still, rows[i].forced, &frozen);
		if (proof.at_rest != rows[i].at_rest || strcmp(proof.state, rows[i].state) != 0)
			fail_msg("%s: %s", rows[i].name, proof.state);
		proof_done(&proof);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_it_is_called) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
