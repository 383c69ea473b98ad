#include "lib/snapshot_policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void keep(struct snapshot_policy_verdict *verdict, const char *format, ...)
{
	size_t used = strlen(verdict->reason);
	va_list args;

	if (used > 0)
		used += (size_t)snprintf(verdict->reason + used, sizeof(verdict->reason) - used, ", ");
	verdict->keep = true;
	if (used >= sizeof(verdict->reason))
		return;
	va_start(args, format);
	(void)vsnprintf(verdict->reason + used, sizeof(verdict->reason) - used, format, args);
	va_end(args);
}

void snapshot_policy_judge(const char *anchor_uuid, const char *run, uint64_t more,
                           const struct snapshot_policy_item *snapshots, size_t n,
                           struct snapshot_policy_verdict *verdicts)
{
	memset(verdicts, 0, n * sizeof(*verdicts));
	for (size_t i = 0; i < n; i++) {
		if (*anchor_uuid != '\0' && strcmp(snapshots[i].uuid, anchor_uuid) == 0)
			keep(&verdicts[i], "anchor of the next difference");
		if (*run != '\0' && strcmp(snapshots[i].run, run) == 0)
			keep(&verdicts[i], "of this run");
	}
	for (uint64_t kept = 0; kept < more && kept < n; kept++) {
		size_t newest = n;

		for (size_t i = 0; i < n; i++)
			if (!verdicts[i].keep && (newest == n || snapshots[i].order > snapshots[newest].order))
				newest = i;
		if (newest == n)
			break;
		keep(&verdicts[newest], "local %llu of %llu", (unsigned long long)kept + 1, (unsigned long long)more);
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
