PROGRAMS += aob-pruner
aob-pruner_SOURCES := \
	pruner/main.c \
	pruner/policy.c \
	pruner/prune.c \
	pruner/told.c
aob-pruner_LIBS := -lczmq -lzmq -lyaml -ljansson -lbtrfsutil -lzstd -lcrypto
