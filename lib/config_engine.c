#include <string.h>

#include "lib/brake_percent.h"
#include "lib/config_build.h"
#include "lib/config_value.h"

#define RSYNC "rsync"

/* The `transfer` in the stages of a pipeline, as written; NULL: there is none, or it has no options. */
static const struct yaml_pos *transfer_of(const struct yaml_pos *pipeline)
{
	const struct yaml_pos *list = yaml_pos_get(pipeline, "stages");

	if (list == NULL || list->kind != YAML_POS_LIST)
		return NULL;
	for (const struct yaml_pos *item = list->first; item != NULL; item = item->next)
		if (item->kind == YAML_POS_MAP && item->first != NULL && item->first->kind == YAML_POS_MAP &&
		    strcmp(item->first->key->text, "transfer") == 0)
			return item->first;
	return NULL;
}

static const char *engine_of(const struct yaml_pos *pipeline)
{
	const struct yaml_pos *transfer = transfer_of(pipeline);

	return transfer != NULL ? config_value_text(transfer, "engine", "native") : "native";
}

/* What the receiver does, and nobody where there is none: asked for, it is refused; by itself it is off. */
static void refuse(struct config_build *b, const struct yaml_pos *map, const char *key, const char *allowed,
                   const char *why)
{
	const struct yaml_pos *value = yaml_pos_get(map, key);

	if (value != NULL && (value->kind != YAML_POS_TEXT || strcmp(value->text, allowed) != 0))
		faults_add(b->faults, value->line, value->column,
		           "'%s' goes with aob-receiver at the far end, not with the engine rsync: %s; leave it out",
		           key, why);
}

static void settle(struct config_build *b, struct config_pipeline *pipeline, const struct yaml_pos *value)
{
	refuse(b, value, "brake", "off", "nobody there would hold what is older");
	refuse(b, value, "verify_every", "never", "nobody there reads what lies in the vault; see `aob verify`");
	refuse(b, value, "rehearse", "never", "try a restore by `aob restore` now and then");
	refuse(b, transfer_of(value), "detection", "auto", "rsync compares by itself");
	pipeline->brake = BRAKE_PERCENT_OFF;
	pipeline->verify_every_ms = 0;
	pipeline->rehearse_ms = 0;
}

void config_engine_settle(struct config_build *build)
{
	for (size_t i = 0; i < build->config->n_pipelines; i++) {
		struct config_pipeline *pipeline = &build->pipelines[i];
		const struct yaml_pos *value = build->pipeline_values[i];
		bool bare = strcmp(engine_of(value), RSYNC) == 0;
		size_t at = 0;

		while (at < build->config->n_vaults && &build->vaults[at] != pipeline->vault)
			at++;
		if (at == build->config->n_vaults)
			continue;
		for (size_t j = 0; j < i; j++)
			if (build->pipelines[j].vault == pipeline->vault && build->vaults[at].bare != bare) {
				faults_add(build->faults, value->key->line, value->key->column,
				           "'%.64s' and '%.64s' (line %u) reach the vault '%.64s' by different "
				           "engines; give one of "
				           "them a vault entry of its own, which may have the same place",
				           pipeline->name, build->pipelines[j].name,
				           build->pipeline_values[j]->key->line, build->vaults[at].name);
				break;
			}
		build->vaults[at].bare = build->vaults[at].bare || bare;
		if (bare) {
			refuse(build, build->vault_values[at], "strategy", "hardlink",
			       "what did not change is hard-linked");
			settle(build, pipeline, value);
		}
	}
}
