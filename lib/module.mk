lib_SOURCES += \
	lib/config.c \
	lib/config_cross.c \
	lib/config_pipeline.c \
	lib/config_rate.c \
	lib/config_ssh.c \
	lib/config_stage.c \
	lib/config_vault.c \
	lib/yaml_pos.c \
	lib/config_value.c \
	lib/config_schema.c \
	lib/bytes.c \
	lib/duration.c \
	lib/number.c \
	lib/suggest.c \
	lib/faults.c \
	lib/arena.c \
	lib/error.c \
	lib/log.c \
	lib/mdp.c \
	lib/mdp_client.c \
	lib/mdp_worker.c \
	lib/stage_msg.c \
	lib/stage_reply.c \
	lib/sdnotify.c \
	lib/stage_main.c
