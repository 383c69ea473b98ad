#include "lib/yaml_pos.h"

#include <string.h>
#include <yaml.h>

struct level { /* a list or map that is still open */
	struct yaml_pos *node;
	struct yaml_pos *key; /* of a map: waits for its value */
	bool drop;            /* the value of that key: it is there twice, or is of no use */
};

struct builder {
	struct arena *arena;
	struct faults *faults;
	struct level levels[YAML_POS_DEPTH_MAX];
	size_t depth;
	size_t n_values;
	struct yaml_pos *root;
	unsigned documents;
	bool stop; /* there is no use in going on, nor in what there is */
	bool end;  /* what follows is not looked at, what there is holds */
};

static unsigned line_of(const yaml_mark_t *mark)
{
	return (unsigned)mark->line + 1;
}

static unsigned column_of(const yaml_mark_t *mark)
{
	return (unsigned)mark->column + 1;
}

static void stop(struct builder *b, const yaml_mark_t *mark, const char *message)
{
	faults_add(b->faults, line_of(mark), column_of(mark), "%s", message);
	b->stop = true;
}

static struct yaml_pos *new_value(struct builder *b, const yaml_event_t *event)
{
	struct yaml_pos *value = arena_array(b->arena, 1, sizeof(*value));

	if (value == NULL || ++b->n_values > YAML_POS_VALUES_MAX) {
		if (value != NULL)
			stop(b, &event->start_mark, "too many values for a configuration; make it smaller");
		b->stop = true;
		return NULL;
	}
	value->line = line_of(&event->start_mark);
	value->column = column_of(&event->start_mark);
	return value;
}

/* true: the value is the next key of the map, or takes no place. */
static bool take_key(struct builder *b, struct level *level, struct yaml_pos *value)
{
	if (level->node->kind != YAML_POS_MAP || level->key != NULL)
		return false;
	level->key = value;
	level->drop = false;
	if (value->kind != YAML_POS_TEXT) {
		faults_add(b->faults, value->line, value->column,
		           "a key must be a word, not a list or a map; put it in quotes");
		level->drop = true;
		return true;
	}
	for (const struct yaml_pos *other = level->node->first; other != NULL; other = other->next) {
		if (strcmp(other->key->text, value->text) != 0)
			continue;
		faults_add(b->faults, value->line, value->column,
		           "key '%.64s' is there twice, first in line %u; keep one of them", value->text,
		           other->key->line);
		level->drop = true;
		break;
	}
	return true;
}

static void place(struct builder *b, struct yaml_pos *value)
{
	struct level *level = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;

	if (level == NULL) {
		b->root = value;
		return;
	}
	if (take_key(b, level, value))
		return;
	if (!level->drop) {
		if (level->node->n_items == YAML_POS_ITEMS_MAX) {
			faults_add(b->faults, value->line, value->column,
			           "more than %d items in one list or map; make it smaller", YAML_POS_ITEMS_MAX);
			b->stop = true;
			return;
		}
		value->key = level->key;
		if (level->node->last != NULL)
			level->node->last->next = value;
		else
			level->node->first = value;
		level->node->last = value;
		level->node->n_items++;
	}
	level->key = NULL;
	level->drop = false;
}

static void open_level(struct builder *b, const yaml_event_t *event, enum yaml_pos_kind kind)
{
	struct yaml_pos *value = new_value(b, event);

	if (value == NULL)
		return;
	value->kind = kind;
	place(b, value);
	if (b->depth == YAML_POS_DEPTH_MAX) {
		stop(b, &event->start_mark, "lists and maps are nested too deeply; make it flatter");
		return;
	}
	b->levels[b->depth++] = (struct level){ .node = value };
}

static void scalar(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	struct yaml_pos *value = new_value(b, event);

	if (value == NULL)
		return;
	value->kind = YAML_POS_TEXT;
	value->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	value->text = arena_text(b->arena, text, event->data.scalar.length);
	if (value->text == NULL) {
		b->stop = true;
		return;
	}
	if (strlen(text) != event->data.scalar.length)
		faults_add(b->faults, value->line, value->column, "a text must not hold \\0; take it out");
	place(b, value);
}

static void refuse(struct builder *b, const yaml_mark_t *mark, const void *anchor, const void *tag)
{
	if (anchor != NULL)
		faults_add(b->faults, line_of(mark), column_of(mark),
		           "an anchor (&%.40s) is not allowed here; write the value out where it is needed",
		           (const char *)anchor);
	if (tag != NULL)
		faults_add(b->faults, line_of(mark), column_of(mark), "a tag (%.40s) is not allowed here; take it away",
		           (const char *)tag);
}

static void take(struct builder *b, const yaml_event_t *event)
{
	const yaml_mark_t *mark = &event->start_mark;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++b->documents > 1) {
			faults_add(b->faults, line_of(mark), column_of(mark),
			           "a second document ('---') begins here; one file holds one configuration");
			b->end = true;
		}
		break;
	case YAML_ALIAS_EVENT:
		faults_add(b->faults, line_of(mark), column_of(mark),
		           "an alias (*%.40s) is not allowed here; write the value out",
		           (const char *)event->data.alias.anchor);
		/* The rest can't be judged without that value. */
		b->stop = true;
		break;
	case YAML_SCALAR_EVENT:
		refuse(b, mark, event->data.scalar.anchor, event->data.scalar.tag);
		scalar(b, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		refuse(b, mark, event->data.sequence_start.anchor, event->data.sequence_start.tag);
		open_level(b, event, YAML_POS_LIST);
		break;
	case YAML_MAPPING_START_EVENT:
		refuse(b, mark, event->data.mapping_start.anchor, event->data.mapping_start.tag);
		open_level(b, event, YAML_POS_MAP);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth -= b->depth > 0;
		break;
	case YAML_STREAM_END_EVENT:
		b->end = true;
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

/* The column (from 1) of the first tab in the white space that line begins with; 0: there is none. */
static unsigned tab_column(const char *text, size_t len, size_t line)
{
	size_t at = 0;

	for (; line > 0 && at < len; at++)
		if (text[at] == '\n')
			line--;
	for (unsigned column = 1; at < len && (text[at] == ' ' || text[at] == '\t'); at++, column++)
		if (text[at] == '\t')
			return column;
	return 0;
}

/* A quote, bracket or key that was begun and never ended: the fault lies where it began, not where the parser gave up. */
static bool begins_there(const char *context)
{
	return strncmp(context, "while scanning", 14) == 0 || strncmp(context, "while parsing a flow", 20) == 0;
}

static void syntax(const yaml_parser_t *parser, const char *text, size_t len, struct faults *faults)
{
	const yaml_mark_t *mark = &parser->problem_mark;
	const char *problem = parser->problem != NULL ? parser->problem : "unreadable";
	unsigned line = 1;
	unsigned column = 1;

	if (parser->error == YAML_READER_ERROR) {
		for (size_t i = 0; i < parser->problem_offset && i < len; i++) {
			column = text[i] == '\n' ? 1 : column + ((text[i] & 0xc0) != 0x80);
			line += text[i] == '\n';
		}
		faults_add(faults, line, column, "this is no YAML text: %s; save the file as UTF-8", problem);
		return;
	}
	column = tab_column(text, len, mark->line);
	if (column != 0)
		faults_add(faults, line_of(mark), column, "a tab in the indentation; YAML wants spaces");
	else if (parser->context != NULL && begins_there(parser->context))
		faults_add(faults, line_of(&parser->context_mark), column_of(&parser->context_mark),
		           "YAML syntax: %s (%s here)", problem, parser->context);
	else if (parser->context != NULL)
		faults_add(faults, line_of(mark), column_of(mark),
		           "YAML syntax: %s (%s that began in line %u); look at indentation, ':' and quotes before "
		           "this place",
		           problem, parser->context, line_of(&parser->context_mark));
	else
		faults_add(faults, line_of(mark), column_of(mark),
		           "YAML syntax: %s; look at indentation, ':' and quotes before this place", problem);
}

const struct yaml_pos *yaml_pos_parse(const char *text, size_t len_bytes, struct arena *arena, struct faults *faults)
{
	struct builder b = { .arena = arena, .faults = faults };
	yaml_parser_t parser;

	if (len_bytes > YAML_POS_BYTES_MAX) {
		faults_add(faults, 1, 1, "the file is larger than %u bytes; this can't be a configuration",
		           YAML_POS_BYTES_MAX);
		return NULL;
	}
	if (yaml_parser_initialize(&parser) == 0) {
		faults_add(faults, 1, 1, "out of memory");
		return NULL;
	}
	/* Some editors put a byte order mark in front (RFC 3629, section 6). */
	if (len_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len_bytes -= 3;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len_bytes);
	while (!b.end && !b.stop) {
		yaml_event_t event;

		if (yaml_parser_parse(&parser, &event) == 0) {
			syntax(&parser, text, len_bytes, faults);
			b.stop = true;
			break;
		}
		take(&b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (b.stop)
		return NULL;
	if (b.root == NULL)
		faults_add(faults, 1, 1, "the file is empty");
	return b.root;
}

const struct yaml_pos *yaml_pos_get(const struct yaml_pos *map, const char *key)
{
	if (map == NULL || map->kind != YAML_POS_MAP)
		return NULL;
	for (const struct yaml_pos *item = map->first; item != NULL; item = item->next)
		if (strcmp(item->key->text, key) == 0)
			return item;
	return NULL;
}

bool yaml_pos_null(const struct yaml_pos *value)
{
	return value->kind == YAML_POS_TEXT && !value->quoted &&
	       (value->text[0] == '\0' || strcmp(value->text, "~") == 0 || strcmp(value->text, "null") == 0);
}

const struct yaml_pos *yaml_pos_place(const struct yaml_pos *value)
{
	return value->key != NULL ? value->key : value;
}
