PROGRAMS += aob-rehearser
aob-rehearser_SOURCES := \
	rehearser/main.c \
	rehearser/rehearse.c
aob-rehearser_LIBS := -lczmq -lzmq -lyaml -ljansson -lexpat -lzstd -lcrypto
