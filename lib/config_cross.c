#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/config_build.h"
#include "lib/own_host.h"

/* path is folder, or lies in it. Both absolute and without doubled or trailing '/'. */
static bool inside(const char *path, const char *folder, bool any_case)
{
	size_t len = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	if ((any_case ? strncasecmp(path, folder, len) : strncmp(path, folder, len)) != 0)
		return false;
	return path[len] == '/' || path[len] == '\0';
}

struct machine { /* where the same folder is the same folder; borrowed from [user@]host[:port] */
	const char *host;
	size_t len;
	const char *port;
};

static struct machine machine_of(const char *ssh)
{
	const char *host = strrchr(ssh, '@') != NULL ? strrchr(ssh, '@') + 1 : ssh;
	const char *end = *host == '[' ? strchr(host, ']') : NULL;
	const char *colon = strchr(end != NULL ? end : host, ':');

	return (struct machine){ host, colon != NULL ? (size_t)(colon - host) : strlen(host),
		                 colon != NULL ? colon + 1 : "22" };
}

static bool same_machine(const struct config_vault *a, const struct config_vault *b)
{
	struct machine of_a;
	struct machine of_b;

	if (a->ssh == NULL || b->ssh == NULL)
		return a->ssh == b->ssh;
	of_a = machine_of(a->ssh);
	of_b = machine_of(b->ssh);
	return of_a.len == of_b.len && strncasecmp(of_a.host, of_b.host, of_a.len) == 0 &&
	       strcmp(of_a.port, of_b.port) == 0;
}

/* A folder of `path` is one of the machine that has the source. */
static bool same_place(const struct config_pipeline *a, const struct config_pipeline *b)
{
	if (!same_machine(a->vault, b->vault))
		return false;
	return a->vault->ssh != NULL || own_host_may_be(a->host, b->host);
}

/* ROOT/<pipeline>; NULL: not known. */
static const char *folder_of(struct config_build *b, const struct config_pipeline *pipeline)
{
	size_t size = 0;
	char *folder = NULL;

	if (pipeline->vault == NULL || pipeline->vault->root == NULL)
		return NULL;
	size = strlen(pipeline->vault->root) + strlen(pipeline->name) + 2;
	folder = arena_array(b->arena, size, 1);
	if (folder != NULL)
		(void)snprintf(folder, size, "%s/%s",
		               strcmp(pipeline->vault->root, "/") == 0 ? "" : pipeline->vault->root, pipeline->name);
	return folder;
}

/* Pairs of pipelines whose folders are the same one (also where upper and lower case are the same), or one in the other. */
static void check_folders(struct config_build *b)
{
	const struct config *config = b->config;
	const char **folders = arena_array(b->arena, config->n_pipelines, sizeof(*folders));

	for (size_t i = 0; folders != NULL && i < config->n_pipelines; i++) {
		const struct yaml_pos *place = b->pipeline_values[i]->key;

		folders[i] = folder_of(b, &config->pipelines[i]);
		for (size_t j = 0; j < i; j++) {
			const char *other = config->pipelines[j].name;

			if (folders[i] == NULL || folders[j] == NULL ||
			    !same_place(&config->pipelines[i], &config->pipelines[j]))
				continue;
			if (strcasecmp(folders[i], folders[j]) == 0)
				faults_add(b->faults, place->line, place->column,
				           "'%.64s' and '%.64s' (line %u) would share one vault folder, as some file "
				           "systems don't tell "
				           "upper from lower case; rename one",
				           config->pipelines[i].name, other, b->pipeline_values[j]->key->line);
			else if (inside(folders[i], folders[j], true) || inside(folders[j], folders[i], true))
				faults_add(b->faults, place->line, place->column,
				           "the vault folders of '%.64s' (%.120s) and '%.64s' (%.120s) lie in one "
				           "another; choose another "
				           "'root'",
				           config->pipelines[i].name, folders[i], other, folders[j]);
		}
	}
}

/* The path that symlinks lead to, as far as it is there on this machine; else path itself. */
static const char *resolved(struct config_build *b, const char *path)
{
	char *real = realpath(path, NULL);
	const char *copy = real != NULL ? arena_text(b->arena, real, strlen(real)) : path;

	free(real);
	return copy != NULL ? copy : path;
}

static bool either_inside(const char *path, const char *real_path, const char *folder, const char *real_folder)
{
	return inside(path, folder, false) || inside(real_path, real_folder, false);
}

/* Does a vault of `path` lie on the machine that has this source? On each that has a pipeline into it. */
static bool on_its_host(const struct config_build *b, const struct config_vault *vault,
                        const struct config_pipeline *pipeline)
{
	bool used = false;

	for (size_t i = 0; i < b->config->n_pipelines; i++) {
		const struct config_pipeline *other = &b->config->pipelines[i];

		if (other->vault == vault && own_host_may_be(other->host, pipeline->host))
			return true;
		used = used || other->vault == vault;
	}
	return !used;
}

/* A vault of this machine in a source would be backed up into itself; a source in a vault likewise. */
static void check_local(struct config_build *b, size_t at_vault)
{
	const struct config_vault *vault = &b->config->vaults[at_vault];
	const struct yaml_pos *place = yaml_pos_get(b->vault_values[at_vault], "path");
	const char *real = NULL;

	if (vault->ssh != NULL || vault->root == NULL || place == NULL)
		return;
	real = resolved(b, vault->root);
	for (size_t i = 0; i < b->config->n_pipelines; i++) {
		const char *source = b->config->pipelines[i].source;
		const char *real_source = source != NULL ? resolved(b, source) : NULL;

		if (source == NULL)
			continue;
		if (either_inside(vault->root, real, source, real_source) &&
		    on_its_host(b, vault, &b->config->pipelines[i]))
			faults_add(b->faults, place->line, place->column,
			           "the vault lies inside the source of '%.64s' (%.200s), so it would back up itself; "
			           "choose a folder "
			           "outside, best on another disk",
			           b->config->pipelines[i].name, source);
		else if (either_inside(source, real_source, vault->root, real) &&
		         on_its_host(b, vault, &b->config->pipelines[i]))
			faults_add(b->faults, yaml_pos_get(b->pipeline_values[i], "source")->line,
			           yaml_pos_get(b->pipeline_values[i], "source")->column,
			           "the source lies inside the vault '%.64s' (%.200s); choose another 'path' for the "
			           "vault",
			           vault->name, vault->root);
	}
}

/* The run store changes with each run: in a source it would keep that from ever coming to rest. */
static void check_state(struct config_build *b)
{
	const struct yaml_pos *place = yaml_pos_get(yaml_pos_get(b->root, "broker"), "state");
	char own[OWN_HOST_SIZE];

	own_host(NULL, b->config, own);
	for (size_t i = 0; i < b->config->n_pipelines; i++) {
		const char *source = b->config->pipelines[i].source;
		const char *host = b->config->pipelines[i].host;

		if (host != NULL && !own_host_same(host, own))
			continue;
		if (place != NULL && source != NULL && inside(b->config->state, source, false))
			faults_add(b->faults, place->line, place->column,
			           "'state' lies inside the source of '%.64s', which would change with every run; "
			           "choose a place "
			           "outside",
			           b->config->pipelines[i].name);
	}
}

void config_cross_check(struct config_build *build)
{
	if (arena_failed(build->arena))
		return;
	check_folders(build);
	for (size_t i = 0; i < build->config->n_vaults; i++)
		check_local(build, i);
	check_state(build);
	config_engine_settle(build);
}
