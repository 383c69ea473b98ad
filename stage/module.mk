PROGRAMS += aob-stage
aob-stage_SOURCES := \
	stage/answer.c \
	stage/command.c \
	stage/command_line.c \
	stage/main.c
aob-stage_LIBS := -lczmq -lzmq -lyaml -ljansson -lcrypto
