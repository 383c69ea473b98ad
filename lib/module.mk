lib_SOURCES += \
	lib/error.c \
	lib/log.c \
	lib/mdp.c \
	lib/stage_msg.c \
	lib/stage_reply.c
