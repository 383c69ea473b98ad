#include "cli/restore_lost.h"

#include <stddef.h>
#include <string.h>

#include "lib/entry.h"

#define TEXT_SIZE 400

/* Each count: where it stands, its key in JSON, and its words, if it is of what is left out. */
static const struct {
	size_t at;
	unsigned bit; /* of ENTRY_LOST_* */
	const char *key, *one, *many_before, *many_behind;
} counts[] = {
	{ offsetof(struct restore_lost, symlinks), 0, "symlinks", "a symlink", "", " symlinks" },
	{ offsetof(struct restore_lost, specials), 0, "specials", "a device or pipe", "", " devices and pipes" },
	{ offsetof(struct restore_lost, owners), ENTRY_LOST_OWNER, "owners", "the owner of one entry", "the owners of ",
	  " entries" },
	{ offsetof(struct restore_lost, rights), ENTRY_LOST_MODE, "rights", "the rights of one entry", "the rights of ",
	  " entries" },
	{ offsetof(struct restore_lost, attributes), ENTRY_LOST_XATTRS, "attributes", "attributes of one entry",
	  "attributes of ", " entries" },
	{ offsetof(struct restore_lost, acls), ENTRY_LOST_ACL, "acls", "the ACL of one entry", "the ACLs of ",
	  " entries" },
	{ offsetof(struct restore_lost, times), ENTRY_LOST_TIME, "times", "the time of one entry", "the times of ",
	  " entries" },
	{ offsetof(struct restore_lost, links), 0, "hard_links", NULL, NULL, NULL },
	{ offsetof(struct restore_lost, names), 0, "names", NULL, NULL, NULL },
};
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

static uint64_t value(const struct restore_lost *lost, size_t i)
{
	uint64_t n;

	memcpy(&n, (const char *)lost + counts[i].at, sizeof(n));
	return n;
}

static void put(struct restore_lost *lost, size_t i, uint64_t n)
{
	memcpy((char *)lost + counts[i].at, &n, sizeof(n));
}

void restore_lost_count(struct restore_lost *lost, unsigned bits)
{
	for (size_t i = 0; i < COUNTS; i++)
		put(lost, i, value(lost, i) + ((bits & counts[i].bit) != 0));
}

void restore_lost_add(struct restore_lost *to, const struct restore_lost *more)
{
	for (size_t i = 0; i < COUNTS; i++)
		put(to, i, value(to, i) + value(more, i));
}

bool restore_lost_any(const struct restore_lost *lost)
{
	for (size_t i = 0; i < COUNTS; i++)
		if (value(lost, i) != 0)
			return true;
	return false;
}

json_t *restore_lost_json(const struct restore_lost *lost, const char *kind)
{
	json_t *json = json_pack("{s:s}", "file_system", kind);

	for (size_t i = 0; i < COUNTS; i++)
		(void)json_object_set_new(json, counts[i].key, json_integer((json_int_t)value(lost, i)));
	return json;
}

const char *restore_lost_text(const struct restore_lost *lost, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNTS && used < size; i++) {
		uint64_t n = value(lost, i);

		if (n == 0 || counts[i].one == NULL)
			continue;
		if (used != 0)
			used += (size_t)snprintf(out + used, size - used, ", ");
		if (used >= size)
			break;
		if (n == 1)
			used += (size_t)snprintf(out + used, size - used, "%s", counts[i].one);
		else
			used += (size_t)snprintf(out + used, size - used, "%s%llu%s", counts[i].many_before,
			                         (unsigned long long)n, counts[i].many_behind);
	}
	return out;
}

void restore_lost_print(const struct restore_lost *lost, const char *kind, FILE *out)
{
	char text[TEXT_SIZE];

	if (*restore_lost_text(lost, text, sizeof(text)) != '\0')
		(void)fprintf(out, "left out, as %s can't hold them: %s\n", kind, text);
	if (lost->links != 0)
		(void)fprintf(out, "%llu hard links became files of their own, as %s has none\n",
		              (unsigned long long)lost->links, kind);
	if (lost->names != 0)
		(void)fprintf(out, "%llu names had to be changed, as %s can't hold them: each is told above\n",
		              (unsigned long long)lost->names, kind);
}
