/*
 * A disk that can lose power and fail, for programs started with LD_PRELOAD. It watches the files whose path begins with SHIM_PREFIX:
 *
 * - What is written goes to the file as always, and its range is noted. A sync copies the noted ranges into a shadow of the file (SHIM_SHADOW), and only then
 *   says that it is done. So the shadow holds what a power cut would leave, and a cut is SIGKILL and the shadow put in the file's place. The machine's own
 *   fsync is left out: this machine keeps its power.
 * - SHIM_CONTROL names a file of eight 32-bit numbers that the harness writes while the program runs:
 *   [0] what fails: 0 nothing, 1 writes, 2 syncs, 3 both   [1] errno   [2] how many more pass before   [3] how many fail, 0 without end
 *   [4] counted writes   [5] counted syncs   [6] counted failures   [7] microseconds that each sync takes
 *   After a failed sync its ranges are forgotten, as Linux does: a second sync would say that all is well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FDS 4096
#define MOST_FILES 64
#define MOST_PATH 512
#define COPY_BYTES 65536

struct range {
  off_t from, to;
};
struct file {
  char path[MOST_PATH];
  struct range *dirty;
  size_t count, room;
};

static struct file files[MOST_FILES];
static int file_of[MOST_FDS];
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static const char *prefix, *shadow;
static volatile int32_t *control;
static int32_t idle[8];

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
  real_open = dlsym(RTLD_NEXT, "open64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  prefix = getenv("SHIM_PREFIX");
  shadow = getenv("SHIM_SHADOW");
  control = idle;
  const char *path = getenv("SHIM_CONTROL");
  int fd = path ? real_open(path, O_RDWR) : -1;
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof idle, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) control = mapped;
  real_close(fd);
}

static int is_watched(const char *path) {
  return prefix && shadow && strncmp(path, prefix, strlen(prefix)) == 0 && !strstr(path, "-shm") && strlen(path) < MOST_PATH;
}

static void shadow_path(const char *path, char *into) {
  const char *name = strrchr(path, '/');
  snprintf(into, MOST_PATH * 2, "%s/%s", shadow, name ? name + 1 : path);
}

/* Files are known by path, so that two descriptors of one file share what is not synced yet. */
static int index_of(const char *path) {
  for (int i = 1; i < MOST_FILES; i++) {
    if (files[i].path[0] == 0) strcpy(files[i].path, path);
    if (strcmp(files[i].path, path) == 0) return i;
  }
  fprintf(stderr, "the shim watches too many files\n");
  abort();
}

static struct file *watched(int fd) {
  return fd >= 0 && fd < MOST_FDS && file_of[fd] ? &files[file_of[fd]] : NULL;
}

static void opened(int fd, const char *path) {
  if (fd < 0 || fd >= MOST_FDS) return;
  pthread_mutex_lock(&guard);
  file_of[fd] = is_watched(path) ? index_of(path) : 0;
  pthread_mutex_unlock(&guard);
}

static void note(struct file *file, off_t from, off_t to) {
  pthread_mutex_lock(&guard);
  struct range *last = file->count ? &file->dirty[file->count - 1] : NULL;
  if (last && last->to == from) {
    last->to = to;
  } else {
    if (file->count == file->room) file->dirty = realloc(file->dirty, (file->room = file->room ? file->room * 2 : 64) * sizeof *file->dirty);
    file->dirty[file->count++] = (struct range){from, to};
  }
  pthread_mutex_unlock(&guard);
}

/* Whether this write or sync is one that the harness wants to fail. */
static int fails(int kind) {
  __sync_fetch_and_add(&control[3 + kind], 1);
  if ((control[0] & kind) == 0) return 0;
  if (control[2] > 0) {
    control[2]--;
    return 0;
  }
  if (control[3] > 0 && --control[3] == 0) control[0] = 0;
  __sync_fetch_and_add(&control[6], 1);
  errno = control[1];
  return 1;
}

/* Copies what is not synced yet into the shadow, which then is as long as the file. */
static int keep(int fd, struct file *file) {
  char place[MOST_PATH * 2], own[64];
  static char bytes[COPY_BYTES];
  shadow_path(file->path, place);
  snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
  pthread_mutex_lock(&guard);
  int to = real_open(place, O_RDWR | O_CREAT, 0600), from = real_open(own, O_RDONLY);
  struct stat now;
  if (to < 0 || from < 0 || fstat(fd, &now)) abort();
  for (size_t i = 0; i < file->count; i++)
    for (off_t at = file->dirty[i].from; at < file->dirty[i].to && at < now.st_size;) {
      off_t left = file->dirty[i].to - at;
      ssize_t got = pread(from, bytes, left < COPY_BYTES ? (size_t)left : COPY_BYTES, at);
      if (got <= 0) break;
      if (real_pwrite(to, bytes, (size_t)got, at) != got) abort();
      at += got;
    }
  file->count = 0;
  if (real_ftruncate(to, now.st_size)) abort();
  real_close(from);
  real_close(to);
  pthread_mutex_unlock(&guard);
  return 0;
}

static int sync_file(int fd, const char *name) {
  struct file *file = watched(fd);
  if (!file) return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
  if (control[7] > 0) usleep((useconds_t)control[7]);
  if (!fails(2)) return keep(fd, file);
  pthread_mutex_lock(&guard);
  file->count = 0;
  pthread_mutex_unlock(&guard);
  return -1;
}
int fsync(int fd) { return sync_file(fd, "fsync"); }
int fdatasync(int fd) { return sync_file(fd, "fdatasync"); }

static int open_file(const char *path, int flags, mode_t mode) {
  int fd = real_open(path, flags, mode);
  opened(fd, path);
  return fd;
}
#define OPEN(name)                                \
  int name(const char *path, int flags, ...) {    \
    va_list rest;                                 \
    va_start(rest, flags);                        \
    mode_t mode = va_arg(rest, mode_t);           \
    va_end(rest);                                 \
    return open_file(path, flags, mode);          \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  if (fd >= 0 && fd < MOST_FDS) file_of[fd] = 0;
  return real_close(fd);
}

static ssize_t write_at(int fd, const void *bytes, size_t count, off_t at) {
  struct file *file = watched(fd);
  if (!file) return real_pwrite(fd, bytes, count, at);
  if (fails(1)) return -1;
  ssize_t wrote = real_pwrite(fd, bytes, count, at);
  if (wrote > 0) note(file, at, at + wrote);
  return wrote;
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return write_at(fd, bytes, count, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) { return write_at(fd, bytes, count, at); }

ssize_t write(int fd, const void *bytes, size_t count) {
  struct file *file = watched(fd);
  if (!file) return real_write(fd, bytes, count);
  off_t at = lseek(fd, 0, SEEK_CUR);
  if (fails(1)) return -1;
  ssize_t wrote = real_write(fd, bytes, count);
  if (wrote > 0) note(file, at, at + wrote);
  return wrote;
}

static int truncate_file(int fd, off_t length) {
  struct file *file = watched(fd);
  if (file && fails(1)) return -1;
  return real_ftruncate(fd, length);
}
int ftruncate(int fd, off_t length) { return truncate_file(fd, length); }
int ftruncate64(int fd, off_t length) { return truncate_file(fd, length); }

/* A file that is gone is gone at once: a journal that came back would be the kinder case. */
int unlink(const char *path) {
  if (is_watched(path)) {
    char place[MOST_PATH * 2];
    shadow_path(path, place);
    pthread_mutex_lock(&guard);
    files[index_of(path)].count = 0;
    pthread_mutex_unlock(&guard);
    real_unlink(place);
  }
  return real_unlink(path);
}
