#include "monitor/page_changes.h"

#include <string.h>

#include "monitor/words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *kind_words(const char *kind)
{
	static const struct {
		const char *kind, *words;
	} table[] = {
		{ "removed", "Removed" }, { "moved", "Moved" },       { "new", "New" },
		{ "changed", "Changed" }, { "metadata", "Metadata" },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		if (strcmp(table[i].kind, kind) == 0)
			return table[i].words;
	return kind;
}

/* "2 removed, 5 new" */
static void add_counts(struct text *text, const struct view_detail *d)
{
	const struct {
		int64_t n;
		const char *words;
	} counts[] = { { d->removed, "removed" },
		       { d->moved, "moved" },
		       { d->fresh, "new" },
		       { d->changed, "changed" },
		       { d->metadata, "with other metadata (owner, rights, time)" } };
	char words[WORDS_SIZE];
	bool any = false;

	for (size_t i = 0; i < COUNT(counts); i++) {
		if (counts[i].n == 0)
			continue;
		text_add(text, "%s%s %s", any ? ", " : "", words_number(counts[i].n, words), counts[i].words);
		any = true;
	}
	text_add(text, "%s.", any ? "" : "Nothing");
	if (d->in_new_folders > 0)
		text_add(text, " In the new folders lie %s more.", words_number(d->in_new_folders, words));
}

/* Isolated, as a name may hold signs that turn the direction of writing round. */
static void add_path(struct text *text, const char *path)
{
	text_add(text, "<bdi class=\"path\">");
	text_html(text, path);
	text_add(text, "</bdi>");
}

static void add_entry(struct text *text, const struct view_change *change)
{
	char words[WORDS_SIZE];

	text_add(text, "<li><b class=\"kind\">");
	text_html(text, kind_words(change->kind));
	text_add(text, "</b><span class=\"grow\">");
	add_path(text, change->path);
	if (*change->to != '\0') {
		text_add(text, " <span class=\"soft\">to</span> ");
		add_path(text, change->to);
	}
	text_add(text, "</span>");
	if (change->bytes >= 0)
		text_add(text, "<span class=\"soft\">%s</span>", words_bytes(change->bytes, words));
	text_add(text, "</li>");
}

void page_changes_add(struct text *text, const struct view_detail *detail)
{
	char words[WORDS_SIZE];

	if (detail == NULL || !detail->has_changes) {
		text_add(text, "<p class=\"soft\">%s</p>",
		         detail == NULL  ? "The broker is being asked what changed."
		         : detail->known ? "Its transfer told no list of what changed."
		                         : "What changed is not known any more: the broker has forgotten the run.");
		return;
	}
	text_add(text, "<p class=\"changes\">");
	if (detail->first)
		text_add(text, "This is the first copy: all in it is new. ");
	if (!detail->whole)
		text_add(text, "A connection broke on the way; what had crossed before is not told here. ");
	if (detail->whole || !detail->first)
		add_counts(text, detail);
	text_add(text, "</p>");
	if (detail->n_changes == 0)
		return;
	text_add(text, "<ul class=\"list\" aria-label=\"What changed\">");
	for (size_t i = 0; i < detail->n_changes; i++)
		add_entry(text, &detail->changes[i]);
	text_add(text, "</ul>");
	if (detail->left_out > 0)
		text_add(text, "<p class=\"changes soft\">And %s more.</p>", words_number(detail->left_out, words));
}
