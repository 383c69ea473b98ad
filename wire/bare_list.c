#include "wire/bare_list.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/generation_name.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "wire/macs_json.h"

#define GENERATIONS_MAX ((size_t)100000)
#define PREFIX "generations/"

static void copy(char *out, size_t size, const char *in)
{
	char safe[512];

	(void)snprintf(out, size, "%s", log_escape(in != NULL ? in : "", safe, sizeof(safe)));
}

static uint64_t count(json_int_t number)
{
	return number > 0 ? (uint64_t)number : 0;
}

bool bare_list_record(const char *name, const char *text, struct generation_info *g, struct bare_list_extra *extra)
{
	json_t *json = json_loads(text, 0, NULL);
	json_int_t n[9] = { 0 };
	const char *s[7] = { 0 };
	int pinned = 0;
	int frozen = 0;
	bool good =
	        json_unpack(
	                json,
	                "{s:s, s:s, s:s, s?s, s?s, s?s, s?s, s?I, s:I, s:I, s:I, s:I, s?I, s?I, s?b, s?I, s?I, s?b}",
	                "generation", &s[0], "run", &s[1], "state", &s[2], "snapshot_uuid", &s[3], "view", &s[4],
	                "root", &s[5], "top", &s[6], "ctransid", &n[0], "taken_at", &n[1], "published_at", &n[2],
	                "files", &n[3], "bytes", &n[4], "new_bytes", &n[5], "entries", &n[6], "pinned", &pinned,
	                "linked_names", &n[7], "linked_groups", &n[8], "frozen", &frozen) == 0 &&
	        strcmp(s[0], name) == 0;

	*g = (struct generation_info){ .ctransid = 0 };
	*extra = (struct bare_list_extra){ .entries = 0 };
	if (good) {
		copy(g->name, sizeof(g->name), s[0]);
		copy(g->run, sizeof(g->run), s[1]);
		copy(g->state, sizeof(g->state), s[2]);
		copy(g->snapshot_uuid, sizeof(g->snapshot_uuid), s[3]);
		copy(extra->view, sizeof(extra->view), s[4]);
		copy(extra->top, sizeof(extra->top), s[6]);
		if (s[5] != NULL && hex_is(s[5], 32))
			copy(g->root, sizeof(g->root), s[5]);
		g->ctransid = count(n[0]);
		g->taken_at_s = n[1];
		g->published_at_s = n[2];
		g->files = count(n[3]);
		g->bytes = count(n[4]);
		g->new_bytes = count(n[5]);
		extra->entries = count(n[6]);
		extra->linked_names = count(n[7]);
		extra->linked_groups = count(n[8]);
		extra->frozen = frozen != 0;
		g->pinned = pinned != 0;
	}
	json_decref(json);
	return good;
}

struct lists {
	struct generation_info *list;
	struct bare_list_extra *extra;
	size_t n, room;
	remote_list_each_macs *each;
	void *cookie;
	struct wire_macs macs;
};

static int grow(struct lists *lists, struct error *err)
{
	size_t room = lists->room != 0 ? 2 * lists->room : 64;
	struct generation_info *list;
	struct bare_list_extra *extra;

	if (lists->n < lists->room)
		return 0;
	if (lists->n >= GENERATIONS_MAX)
		return error_set(err, ERR_PROTOCOL, "the far end tells of more than %zu generations", GENERATIONS_MAX);
	list = realloc(lists->list, room * sizeof(*list));
	if (list != NULL)
		lists->list = list;
	extra = realloc(lists->extra, room * sizeof(*extra));
	if (extra != NULL)
		lists->extra = extra;
	if (list == NULL || extra == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	lists->room = room;
	return 0;
}

/* "NAME JSON" */
static int take(struct lists *lists, const char *rest, struct error *err)
{
	const char *text;
	char name[32];
	size_t bytes = strcspn(rest, " ");

	if (bytes >= sizeof(name))
		return 0;
	(void)snprintf(name, sizeof(name), "%.*s", (int)bytes, rest);
	if (!generation_name_valid(name))
		return 0;
	if (grow(lists, err) != 0)
		return -1;
	if (lists->n > 0 && strcmp(lists->list[lists->n - 1].name, name) >= 0)
		return error_set(err, ERR_PROTOCOL, "the far end tells of its generations out of order");
	text = rest + bytes + (rest[bytes] == ' ');
	if (bare_list_record(name, text, &lists->list[lists->n], &lists->extra[lists->n])) {
		if (lists->each != NULL) {
			json_t *json = json_loads(text, 0, NULL);

			macs_json_read(json, &lists->macs);
			json_decref(json);
			if (lists->macs.n > 0)
				lists->each(lists->cookie, &lists->list[lists->n], &lists->macs);
		}
		lists->n++;
	} else
		log_line(LOG_ERR, "the record of generation %s (.aob/generations/%s.json) can't be read", name, name);
	return 0;
}

static int read_all(struct bare *bare, struct lists *lists, struct generation_info **list,
                    struct bare_list_extra **extra, size_t *n, struct error *err)
{
	const char *line = NULL;
	int rc = bare_tell(bare, err, "list");

	*list = NULL;
	*n = 0;
	if (extra != NULL)
		*extra = NULL;
	while (rc == 0 && (rc = bare_hear_any(bare, &line, err)) == 0 && strncmp(line, "current", 7) != 0)
		if (strncmp(line, "generation ", 11) == 0)
			rc = take(lists, line + 11, err);
	if (rc == 0 && strncmp(line, "current " PREFIX, 8 + strlen(PREFIX)) == 0)
		for (size_t i = 0; i < lists->n; i++)
			lists->list[i].current = strcmp(lists->list[i].name, line + 8 + strlen(PREFIX)) == 0;
	if (rc == 0) {
		*list = lists->list;
		*n = lists->n;
		lists->list = NULL;
	}
	if (rc == 0 && extra != NULL) {
		*extra = lists->extra;
		lists->extra = NULL;
	}
	free(lists->list);
	free(lists->extra);
	return rc;
}

int bare_list_read(struct bare *bare, struct generation_info **list, struct bare_list_extra **extra, size_t *n,
                   struct error *err)
{
	struct lists lists = { .each = NULL };

	return read_all(bare, &lists, list, extra, n, err);
}

int bare_list_read_macs(struct bare *bare, struct generation_info **list, size_t *n, remote_list_each_macs *each,
                        void *cookie, struct error *err)
{
	struct lists lists = { .each = each, .cookie = cookie };

	return read_all(bare, &lists, list, NULL, n, err);
}

int bare_list_remove(struct bare *bare, const char *name, struct error *err)
{
	const char *line = NULL;
	char safe[128];

	if (!generation_name_valid(name))
		return error_set(err, ERR_INPUT, "\"%.64s\" is not the name of a generation", name);
	if (bare_tell(bare, err, "remove %s", name) != 0 || bare_hear_any(bare, &line, err) != 0)
		return -1;
	if (strncmp(line, "removed ", 8) == 0 && strcmp(line + 8, name) == 0)
		return 0;
	if (strncmp(line, "kept ", 5) == 0)
		return error_set(err, ERR_REFUSED, "%s", log_escape(line + 5, safe, sizeof(safe)));
	return error_set(err, ERR_PROTOCOL, "the far end says \"%s\" to a removal",
	                 log_escape(line, safe, sizeof(safe)));
}
