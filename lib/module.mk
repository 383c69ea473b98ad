lib_SOURCES += \
	lib/error.c \
	lib/log.c \
	lib/mdp.c
