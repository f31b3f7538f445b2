/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Secrets live in files, are read when needed and wiped when not.
 */
#include <latchkey/config/config.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 4096 /* bytes; a key or password is far shorter */

/* Reads what is there into TEXT; its length, or -1 with an error. */
static gssize
read_all (int fd, const char *path, char *text, gsize size, GError **error)
{
  gsize len = 0;

  while (len < size)
    {
      gssize n = read (fd, text + len, size - len);

      if (n == 0)
        break;
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          (void) lk_fail (error, LK_ERROR_RETRY, "read secret '%s': %s", path, g_strerror (errno));
          return -1;
        }
      len += (gsize) n;
    }
  return (gssize) len;
}

static char *
read_secret (int fd, const char *path, GError **error)
{
  char text[SECRET_MAX + 1];
  struct stat status;
  char *secret = NULL;
  gssize len;

  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    {
      (void) lk_fail (error, LK_ERROR_RETRY, "secret '%s' is not a file", path);
      return NULL;
    }
  if ((status.st_mode & S_IROTH) != 0)
    {
      (void) lk_fail (error, LK_ERROR_CONFIG, "secret '%s' is readable by everyone: chmod o-r it",
                      path);
      return NULL;
    }
  len = read_all (fd, path, text, sizeof text, error);
  if (len < 0)
    return NULL;
  if (len <= SECRET_MAX)
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
      len--;
  if (len == 0)
    (void) lk_fail (error, LK_ERROR_RETRY, "secret '%s' is empty", path);
  else if (len > SECRET_MAX)
    (void) lk_fail (error, LK_ERROR_RETRY, "secret '%s' is longer than %d bytes", path, SECRET_MAX);
  else if (memchr (text, '\0', (gsize) len) != NULL || memchr (text, '\n', (gsize) len) != NULL
           || memchr (text, '\r', (gsize) len) != NULL)
    (void) lk_fail (error, LK_ERROR_RETRY, "secret '%s' is more than one line of text", path);
  else
    secret = g_strndup (text, (gsize) len);
  explicit_bzero (text, sizeof text);
  return secret;
}

char *
lk_secret_read (const char *path, GError **error)
{
  /* Without O_NONBLOCK a FIFO put in the file's place would stop the loop. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char *secret;

  if (fd < 0)
    {
      (void) lk_fail (error, LK_ERROR_RETRY, "open secret '%s': %s", path, g_strerror (errno));
      return NULL;
    }
  secret = read_secret (fd, path, error);
  (void) close (fd); /* it was only read */
  return secret;
}

void
lk_secret_free (char *secret)
{
  if (secret == NULL)
    return;
  explicit_bzero (secret, strlen (secret));
  g_free (secret);
}
