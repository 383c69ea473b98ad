#include <string.h>

#include "lib/config_build.h"
#include "lib/config_schema.h"
#include "lib/config_value.h"

static void only_with_ssh(struct config_build *b, const struct yaml_pos *value, const char *key)
{
	const struct yaml_pos *item = yaml_pos_get(value, key);

	if (item != NULL)
		faults_add(b->faults, item->key->line, item->key->column,
		           "'%s' goes with 'ssh', not with 'path'; take one of them away", key);
}

static void check_place(struct config_build *b, const struct yaml_pos *value)
{
	const struct yaml_pos *place = yaml_pos_place(value);
	const struct yaml_pos *ssh = yaml_pos_get(value, "ssh");
	const struct yaml_pos *path = yaml_pos_get(value, "path");

	if (ssh != NULL && path != NULL) {
		const struct yaml_pos *second =
		        ssh->line > path->line || (ssh->line == path->line && ssh->column > path->column) ? ssh : path;

		faults_add(b->faults, second->key->line, second->key->column,
		           "a vault has either 'ssh' and 'root', or 'path'; take one of them away");
		return;
	}
	if (ssh == NULL && path == NULL) {
		faults_add(b->faults, place->line, place->column,
		           "the vault '%.64s' has no place; give it 'ssh' and 'root', or 'path' for a folder of this "
		           "machine",
		           value->key->text);
		return;
	}
	if (path != NULL) {
		only_with_ssh(b, value, "root");
		only_with_ssh(b, value, "identity");
		only_with_ssh(b, value, "ssh_options");
	} else if (yaml_pos_get(value, "root") == NULL) {
		faults_add(b->faults, place->line, place->column,
		           "'root' is missing; want the vault's folder at the far end, such as /volume1/offsite");
	}
}

/* One that is none was told by the schema. */
static unsigned read_transfers(const struct yaml_pos *value)
{
	int64_t most = 0;

	return value != NULL && config_value_integer(value, &most) == 0 && most > 0 ? (unsigned)most : 0;
}

static void read_vault(struct config_build *b, const struct yaml_pos *value, struct config_vault *vault)
{
	const struct yaml_pos *ssh = yaml_pos_get(value, "ssh");
	const struct yaml_pos *options = yaml_pos_get(value, "ssh_options");

	vault->name = value->key->text;
	vault->ssh_options = config_value_texts(options, b->arena);
	(void)config_value_name(value->key, "vault", b->faults);
	if (!config_schema_check(value, &config_schema_vault, b->faults))
		return;
	check_place(b, value);
	vault->ssh = config_value_text(value, "ssh", NULL);
	if (vault->ssh != NULL)
		config_ssh_check(b, ssh);
	vault->identity = config_value_path(value, "identity", NULL, b->arena);
	vault->root = config_value_path(value, vault->ssh != NULL ? "root" : "path", NULL, b->arena);
	vault->strategy = config_value_text(value, "strategy", "auto");
	if (options != NULL && options->kind == YAML_POS_LIST)
		for (const struct yaml_pos *item = options->first; item != NULL; item = item->next)
			if (item->kind == YAML_POS_TEXT && item->text[0] != '\0')
				config_ssh_check_option(b, item);
	vault->plain = strcmp(config_value_text(value, "compression", "auto"), "off") == 0;
	vault->transfers = read_transfers(yaml_pos_get(value, "transfers"));
	config_rate_read(b, yaml_pos_get(value, "rate"), vault);
}

void config_vault_build(struct config_build *build)
{
	const struct yaml_pos *map = yaml_pos_get(build->root, "vaults");
	size_t n = 0;

	if (map == NULL || map->kind != YAML_POS_MAP)
		return;
	if (map->n_items == 0)
		faults_add(build->faults, map->line, map->column, "'vaults' is empty; want at least one");
	build->vaults = arena_array(build->arena, map->n_items, sizeof(*build->vaults));
	build->vault_values = arena_array(build->arena, map->n_items, sizeof(const struct yaml_pos *));
	if (build->vaults == NULL || build->vault_values == NULL)
		return;
	for (const struct yaml_pos *item = map->first; item != NULL; item = item->next) {
		build->vault_values[n] = item;
		read_vault(build, item, &build->vaults[n++]);
	}
	build->config->vaults = build->vaults;
	build->config->n_vaults = n;
}
