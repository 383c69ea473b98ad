lib_SOURCES += \
	lib/error.c \
	lib/log.c \
	lib/mdp.c \
	lib/mdp_client.c \
	lib/mdp_worker.c \
	lib/stage_msg.c \
	lib/stage_reply.c \
	lib/sdnotify.c \
	lib/stage_main.c
