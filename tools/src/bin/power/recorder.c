/*
 * Loaded into a process beside the C library (LD_PRELOAD), this writes down, in one order, everything that the process
 * does to the files of one folder: what it writes, how long it makes them, what it syncs, makes and removes. Nothing of
 * the program under test is changed, nor is any of SQLite replaced.
 *
 * A write is recorded as it is done, under one lock, so that the record's order is the order of the files. A sync is
 * recorded once it is over, with how many events it began after: only those may it claim. No lock is held meanwhile,
 * so that whoever answers before a sync is over is seen to do so.
 *
 * DISK_FOLDER   the folder, without a slash at its end
 * DISK_RECORD   where the events go; added to what is there
 * DISK_MARKS    a path that is no file: what the process writes to it are events of its own
 * DISK_FAILS    while there is a file of this name, every sync fails with EIO
 * DISK_SYNC_US  how long a sync takes, in microseconds
 * DISK_KILL_AT  before the event of this number the process is killed
 *
 * The memory-mapped -shm and the empty -lock are left out: neither outlives its process.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_FILES 1024
#define LONGEST_NAME 64

enum { OTHER, FILE_IN_FOLDER, FOLDER, MARKS };

struct header {
  uint8_t kind;
  uint8_t name_bytes;
  uint8_t unused[6];
  uint64_t at;
  uint64_t bytes;
};

static struct { int kind; char name[LONGEST_NAME]; } files[MOST_FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t events, kill_at;
static useconds_t sync_us;
static const char *folder, *marks, *fails;
static int record = -1;

static void begin(void) __attribute__((constructor));
static void begin(void) {
  const char *path = getenv("DISK_RECORD"), *number;
  if (!path) return;
  folder = getenv("DISK_FOLDER");
  marks = getenv("DISK_MARKS");
  fails = getenv("DISK_FAILS");
  if ((number = getenv("DISK_SYNC_US"))) sync_us = (useconds_t)atol(number);
  if ((number = getenv("DISK_KILL_AT"))) kill_at = (uint64_t)atoll(number);
  record = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (record < 0) _exit(97);
}

static void put(const void *from, size_t bytes) {
  const char *next = from;
  while (bytes > 0) {
    ssize_t done = syscall(SYS_write, record, next, bytes);
    if (done <= 0) _exit(98);
    next += done;
    bytes -= (size_t)done;
  }
}

/* Call with the lock held, before doing what the event says. */
static void event(char kind, const char *name, uint64_t at, const void *body, size_t bytes) {
  if (++events == kill_at) {
    kill(getpid(), SIGKILL);
    pause();
  }
  struct header header = {(uint8_t)kind, (uint8_t)strlen(name), {0}, at, bytes};
  put(&header, sizeof header);
  put(name, strlen(name));
  put(body, bytes);
}

/* The part of a path after the folder, or nothing when it is not of interest. */
static const char *name_of(const char *path) {
  size_t length = folder ? strlen(folder) : 0;
  if (record < 0 || !length || strncmp(path, folder, length) || path[length] != '/') return NULL;
  const char *name = path + length + 1;
  size_t bytes = strlen(name);
  if (!bytes || bytes >= LONGEST_NAME || strchr(name, '/')) return NULL;
  if (bytes > 4 && !strcmp(name + bytes - 4, "-shm")) return NULL;
  if (bytes > 5 && !strcmp(name + bytes - 5, "-lock")) return NULL;
  return name;
}

static int kind_of(int fd) { return record >= 0 && fd >= 0 && fd < MOST_FILES ? files[fd].kind : OTHER; }

static int open_at(int at, const char *path, int flags, mode_t mode) {
  const char *name = name_of(path);
  int kind = OTHER, fd;
  if (record >= 0 && marks && !strcmp(path, marks)) {
    kind = MARKS;
    path = "/dev/null";
    flags = O_WRONLY | O_CLOEXEC;
  } else if (record >= 0 && folder && !strcmp(path, folder)) {
    kind = FOLDER;
  } else if (name) {
    kind = FILE_IN_FOLDER;
  }
  if (kind == OTHER) return (int)syscall(SYS_openat, at, path, flags, mode);
  pthread_mutex_lock(&lock);
  struct stat found;
  int is_new = name && stat(path, &found) != 0;
  if (is_new && (flags & O_CREAT)) event('C', name, 0, NULL, 0);
  if (name && !is_new && (flags & O_TRUNC)) event('T', name, 0, NULL, 0);
  fd = (int)syscall(SYS_openat, at, path, flags, mode);
  if (fd >= MOST_FILES) _exit(96);
  if (fd >= 0) {
    files[fd].kind = kind;
    strcpy(files[fd].name, name ? name : "");
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define MODE_OF(flags)                                   \
  mode_t mode = 0;                                       \
  if ((flags) & (O_CREAT | O_TMPFILE)) {                 \
    va_list more;                                        \
    va_start(more, flags);                               \
    mode = (mode_t)va_arg(more, int);                    \
    va_end(more);                                        \
  }

int open(const char *path, int flags, ...) { MODE_OF(flags) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return open_at(at, path, flags, mode); }

int close(int fd) {
  if (kind_of(fd) != OTHER) {
    pthread_mutex_lock(&lock);
    files[fd].kind = OTHER;
    pthread_mutex_unlock(&lock);
  }
  return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *from, size_t bytes) {
  ssize_t done = (ssize_t)bytes;
  int kind = kind_of(fd);
  if (kind != FILE_IN_FOLDER && kind != MARKS) return syscall(SYS_write, fd, from, bytes);
  pthread_mutex_lock(&lock);
  if (kind == MARKS) {
    event('M', "", 0, from, bytes);
  } else {
    event('W', files[fd].name, (uint64_t)lseek(fd, 0, SEEK_CUR), from, bytes);
    done = syscall(SYS_write, fd, from, bytes);
  }
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t pwrite64(int fd, const void *from, size_t bytes, off64_t at) {
  if (kind_of(fd) != FILE_IN_FOLDER) return syscall(SYS_pwrite64, fd, from, bytes, at);
  pthread_mutex_lock(&lock);
  event('W', files[fd].name, (uint64_t)at, from, bytes);
  ssize_t done = syscall(SYS_pwrite64, fd, from, bytes, at);
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t pwrite(int fd, const void *from, size_t bytes, off_t at) { return pwrite64(fd, from, bytes, at); }

int ftruncate64(int fd, off64_t length) {
  if (kind_of(fd) != FILE_IN_FOLDER) return (int)syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&lock);
  event('T', files[fd].name, (uint64_t)length, NULL, 0);
  int done = (int)syscall(SYS_ftruncate, fd, length);
  pthread_mutex_unlock(&lock);
  return done;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int sync_file(long call, int fd) {
  int kind = kind_of(fd);
  if (kind != FILE_IN_FOLDER && kind != FOLDER) return (int)syscall(call, fd);
  pthread_mutex_lock(&lock);
  uint64_t began = events;
  pthread_mutex_unlock(&lock);
  if (sync_us) usleep(sync_us);
  struct stat found;
  int failed = (fails && stat(fails, &found) == 0) || syscall(call, fd) != 0;
  pthread_mutex_lock(&lock);
  event(failed ? 'F' : 'S', files[fd].name, began, NULL, 0);
  pthread_mutex_unlock(&lock);
  if (failed) errno = EIO;
  return failed ? -1 : 0;
}

int fsync(int fd) { return sync_file(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_file(SYS_fdatasync, fd); }

int unlink(const char *path) {
  const char *name = name_of(path);
  struct stat found;
  if (!name || stat(path, &found) != 0) return unlinkat(AT_FDCWD, path, 0);
  pthread_mutex_lock(&lock);
  event('U', name, 0, NULL, 0);
  int done = unlinkat(AT_FDCWD, path, 0);
  pthread_mutex_unlock(&lock);
  return done;
}
