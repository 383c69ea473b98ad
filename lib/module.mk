lib_SOURCES += \
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
