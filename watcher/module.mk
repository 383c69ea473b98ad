PROGRAMS += aob-watcher
aob-watcher_SOURCES := \
	watcher/main.c \
	watcher/idle.c \
	watcher/report.c \
	watcher/signal_inotify.c \
	watcher/signal_openfiles.c \
	watcher/source.c
aob-watcher_LIBS := -lczmq -lzmq -lyaml -ljansson
