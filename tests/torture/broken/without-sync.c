/* For LD_PRELOAD: nothing is ever told to be kept. What acknowledges all the same is lost by a power cut, and `power --without-sync` must see it. */
int fsync(int fd);
int fdatasync(int fd);
int syncfs(int fd);
int sync_file_range(int fd, long offset, long bytes, unsigned flags);
int msync(void *at, unsigned long bytes, int flags);

int fsync(int fd)
{
	return fd < 0;
}

int fdatasync(int fd)
{
	return fd < 0;
}

int syncfs(int fd)
{
	return fd < 0;
}

int sync_file_range(int fd, long offset, long bytes, unsigned flags)
{
	return fd < 0 && offset && bytes && flags;
}

int msync(void *at, unsigned long bytes, int flags)
{
	return at == (void *)0 && bytes && flags;
}
