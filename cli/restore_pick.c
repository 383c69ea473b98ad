#include "cli/restore_pick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/entry.h"
#include "lib/glob.h"
#include "lib/inside.h"

#define NAME_SIZE 256

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return n == 0 || (strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

static bool any_folders(const char *name)
{
	return strcmp(name, "**") == 0;
}

/* The next name of a path into out; returns what is behind it, NULL at the end. */
static const char *next_name(const char *at, char out[NAME_SIZE])
{
	size_t n = strcspn(at, "/");

	if (n == 0 || n >= NAME_SIZE)
		return NULL;
	memcpy(out, at, n);
	out[n] = '\0';
	return at + n + (at[n] == '/');
}

/* When the pattern is used up, the path lies in what it matches. It is enough to let the last `**` take one folder more. */
static bool matches(const struct restore_pick_glob *glob, const char *path)
{
	const char *retry = NULL;
	size_t after = 0;
	size_t i = 0;
	char name[NAME_SIZE];

	for (;;) {
		const char *rest;

		while (i < glob->n && any_folders(glob->names[i])) {
			after = ++i;
			retry = path;
		}
		/* A `**` at the end is what lies in a folder, not the folder itself. */
		if (i == glob->n && (retry != path || *path != '\0' || i == 0))
			return true;
		rest = next_name(path, name);
		if (rest == NULL)
			return false;
		if (i < glob->n && glob_match(glob->names[i], name)) {
			i++;
			path = rest;
		} else if (retry != NULL && (rest = next_name(retry, name)) != NULL) {
			path = retry = rest;
			i = after;
		} else {
			return false;
		}
	}
}

bool restore_pick_takes(const struct restore_pick *pick, const char *path)
{
	if (pick->n_paths == 0 && pick->n_globs == 0)
		return true;
	for (size_t i = 0; i < pick->n_paths; i++)
		if (is_below(path, pick->paths[i]))
			return true;
	for (size_t i = 0; i < pick->n_globs; i++)
		if (matches(&pick->globs[i], path))
			return true;
	return false;
}

bool restore_pick_may_hold(const struct restore_pick *pick, const char *folder)
{
	for (size_t i = 0; i < pick->n_roots; i++)
		if (is_below(folder, pick->roots[i]) || is_below(pick->roots[i], folder))
			return true;
	return false;
}

static size_t fixed_names(const struct restore_pick_glob *glob)
{
	size_t n = 0;

	while (n + 1 < glob->n && strpbrk(glob->names[n], "*?[\\") == NULL)
		n++;
	return n;
}

static int read_glob(struct restore_pick_glob *glob, const char *text, struct error *err)
{
	size_t len_bytes;
	size_t fixed;
	const char *from = inside_trim(text, &len_bytes);

	glob->text = strndup(from, len_bytes);
	glob->fixed = calloc(1, len_bytes + 1);
	if (glob->text == NULL || glob->fixed == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (len_bytes == 0)
		return error_set(err, ERR_USAGE, "an empty pattern matches nothing");
	if (inside_valid(glob->text, err) != 0)
		return -1;
	/* One in front says that it is looked for in the source's own folder alone; one behind says nothing. */
	if (from == text && strchr(glob->text, '/') == NULL)
		glob->names[glob->n++] = "**";
	for (char *at = glob->text; at != NULL;) {
		char *slash = strchr(at, '/');

		if (glob->n == RESTORE_PICK_NAMES)
			return error_set(err, ERR_INPUT, "\"%.200s\" has more than %d names", text, RESTORE_PICK_NAMES);
		if (slash != NULL)
			*slash++ = '\0';
		glob->names[glob->n++] = at;
		at = slash;
	}
	fixed = fixed_names(glob);
	for (size_t i = 0; i < fixed; i++) {
		size_t used = strlen(glob->fixed);

		(void)snprintf(glob->fixed + used, len_bytes + 1 - used, "%s%s", i != 0 ? "/" : "", glob->names[i]);
	}
	return 0;
}

static int by_order(const void *a, const void *b)
{
	return entry_order(*(const char *const *)a, *(const char *const *)b);
}

static int find_roots(struct restore_pick *pick, struct error *err)
{
	size_t all = pick->n_paths + pick->n_globs;
	size_t n = 0;

	pick->roots = calloc(all + 1, sizeof(*pick->roots));
	if (pick->roots == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (all == 0) {
		pick->roots[0] = "";
		pick->n_roots = 1;
		return 0;
	}
	for (size_t i = 0; i < pick->n_paths; i++)
		pick->roots[n++] = pick->paths[i];
	for (size_t i = 0; i < pick->n_globs; i++)
		pick->roots[n++] = pick->globs[i].fixed;
	qsort(pick->roots, n, sizeof(*pick->roots), by_order);
	for (size_t i = 0; i < n; i++)
		if (pick->n_roots == 0 || !is_below(pick->roots[i], pick->roots[pick->n_roots - 1]))
			pick->roots[pick->n_roots++] = pick->roots[i];
	return 0;
}

/* What is wrong with a word of the command line says nothing of what lies in the vault. */
static int refuse(const char *option, struct error *err)
{
	if (err != NULL && err->class == ERR_INPUT)
		err->class = ERR_USAGE;
	return error_prefix(err, "%s", option);
}

int restore_pick_init(struct restore_pick *pick, const char *const *paths, const char *const *globs, struct error *err)
{
	*pick = (struct restore_pick){ .paths = paths };
	for (; paths[pick->n_paths] != NULL; pick->n_paths++)
		if (inside_valid(paths[pick->n_paths], err) != 0)
			return refuse("--path", err);
	while (globs[pick->n_globs] != NULL)
		pick->n_globs++;
	pick->globs = calloc(pick->n_globs + 1, sizeof(*pick->globs));
	if (pick->globs == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < pick->n_globs; i++)
		if (read_glob(&pick->globs[i], globs[i], err) != 0)
			return refuse("--glob", err);
	return find_roots(pick, err);
}

void restore_pick_done(struct restore_pick *pick)
{
	for (size_t i = 0; pick->globs != NULL && i < pick->n_globs; i++) {
		free(pick->globs[i].text);
		free(pick->globs[i].fixed);
	}
	free(pick->globs);
	free(pick->roots);
	*pick = (struct restore_pick){ .n_paths = 0 };
}
