#include "lib/snapshot_policy.h"

#include <stdio.h>
#include <string.h>

#include "lib/reason.h"

#define KEEP(verdict, ...)                                                                                             \
	((verdict)->keep = true, reason_add((verdict)->reason, sizeof((verdict)->reason), __VA_ARGS__))

void snapshot_policy_judge(const char *anchor_uuid, const char *seed_uuid, const char *const *others, const char *run,
                           uint64_t more, const struct snapshot_policy_item *snapshots, size_t n,
                           struct snapshot_policy_verdict *verdicts)
{
	memset(verdicts, 0, n * sizeof(*verdicts));
	for (size_t i = 0; i < n; i++) {
		if (*anchor_uuid != '\0' && strcmp(snapshots[i].uuid, anchor_uuid) == 0)
			KEEP(&verdicts[i], "anchor of the next difference");
		if (seed_uuid != NULL && *seed_uuid != '\0' && strcmp(snapshots[i].uuid, seed_uuid) == 0)
			KEEP(&verdicts[i], "of the seed on its way");
		for (size_t k = 0; others != NULL && others[k] != NULL; k++)
			if (strcmp(snapshots[i].uuid, others[k]) == 0)
				KEEP(&verdicts[i], "another pipeline counts on it");
		if (*run != '\0' && strcmp(snapshots[i].run, run) == 0)
			KEEP(&verdicts[i], "of this run");
	}
	for (uint64_t kept = 0; kept < more && kept < n; kept++) {
		size_t newest = n;

		for (size_t i = 0; i < n; i++)
			if (!verdicts[i].keep && (newest == n || snapshots[i].order > snapshots[newest].order))
				newest = i;
		if (newest == n)
			break;
		KEEP(&verdicts[newest], "local %llu of %llu", (unsigned long long)kept + 1, (unsigned long long)more);
	}
	for (size_t i = 0; i < n; i++)
		if (!verdicts[i].keep)
			(void)snprintf(verdicts[i].reason, sizeof(verdicts[i].reason),
			               "neither the anchor nor of this run");
}

/* 20261123T053600Z-1f2e3d4c: d for a digit, x for a hexadecimal one. */
static bool is_run(const char *text)
{
	static const char form[] = "ddddddddTddddddZ-xxxxxxxx";

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (form[i] == 'd'   ? !digit
		    : form[i] == 'x' ? !digit && (text[i] < 'a' || text[i] > 'f')
		                     : text[i] != form[i])
			return false;
	}
	return true;
}

const char *snapshot_policy_run(const char *name, const char *pipeline)
{
	size_t len = strlen(pipeline);

	if (strncmp(name, pipeline, len) != 0 || name[len] != '.' || !is_run(name + len + 1))
		return NULL;
	return name + len + 1;
}
