#include <string.h>

#include "lib/config_build.h"
#include "lib/config_schema.h"
#include "lib/config_value.h"

static const char *read_text(struct config_build *b, const struct yaml_pos *map, const char *key)
{
	const struct yaml_pos *value = yaml_pos_get(map, key);
	const char *text = config_value_text(map, key, "");

	if (strlen(text) > CONFIG_CONTACT_MAX)
		faults_add(b->faults, value->line, value->column, "'%s' is longer than %d bytes; make it shorter", key,
		           CONFIG_CONTACT_MAX);
	return text;
}

void config_contact_build(struct config_build *build)
{
	const struct yaml_pos *map = yaml_pos_get(build->root, "contact");
	struct config_contact *contact = &build->config->contact;

	if (map != NULL && map->kind == YAML_POS_MAP)
		(void)config_schema_check(map, &config_schema_contact, build->faults);
	contact->language = config_value_text(map, "language", CONFIG_DEFAULT_LANGUAGE);
	contact->name = read_text(build, map, "name");
	contact->phone = read_text(build, map, "phone");
	contact->mail = read_text(build, map, "mail");
	for (size_t i = 0; i < build->config->n_vaults; i++)
		build->vaults[i].contact = contact;
}
