/* config_build: a configuration in the making, handed from one part of lib/config*.c to the next. Private to them. */
#ifndef AOB_CONFIG_BUILD_H
#define AOB_CONFIG_BUILD_H

#include "lib/arena.h"
#include "lib/config.h"
#include "lib/faults.h"
#include "lib/yaml_pos.h"

/* Values are taken even if they are faulty, so that all faults are found in one go: what could not be read is NULL or its
 * default. After any fault the configuration is thrown away. */
struct config_build {
	struct arena *arena;
	struct faults *faults;
	const struct yaml_pos *root;
	struct config *config;
	struct config_vault *vaults;          /* config->vaults, while they are made */
	const struct yaml_pos **vault_values; /* where each was read */
	struct config_pipeline *pipelines;    /* config->pipelines, likewise */
	const struct yaml_pos **pipeline_values;
};

/* Each adds its faults. They touch no NULL when the arena has failed, so that is looked at once, at the end. */
void config_vault_build(struct config_build *build);
void config_pipeline_build(struct config_build *build); /* after the vaults */
void config_contact_build(struct config_build *build);  /* after the vaults */
void config_monitor_build(struct config_build *build);
void config_notify_build(struct config_build *build); /* after the pipelines */
void config_cross_check(struct config_build *build);  /* after all: what no value shows alone */

/* config_engine_settle: of config_cross_check: which vaults are reached by the engine rsync, and what does not go with it. */
void config_engine_settle(struct config_build *build);

/* config_rate_read: the value of `rate`. */
void config_rate_read(struct config_build *build, const struct yaml_pos *value, struct config_vault *vault);

/* config_stage_read: the value of `stages`. */
void config_stage_read(struct config_build *build, const struct yaml_pos *list, struct config_pipeline *pipeline);

/* config_ssh_check: the values of `ssh` and of one item of `ssh_options`. */
void config_ssh_check(struct config_build *build, const struct yaml_pos *target);
void config_ssh_check_option(struct config_build *build, const struct yaml_pos *option);

#endif
