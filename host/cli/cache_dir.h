/* cache_dir.h - the folder in which compiled kernels stay. */
#ifndef APO_HOST_CLI_CACHE_DIR_H
#define APO_HOST_CLI_CACHE_DIR_H

enum { APO_CACHE_DIR_BYTES = 4096 };

/** Make $APPORTION_CACHE_DIR, else $XDG_CACHE_HOME/apportion, else $HOME/.cache/apportion (mode
 * 0700), and write the path of kernels/ in it, which whoever fills it makes and checks.  PoCL's own
 * cache goes beside it unless POCL_CACHE_DIR is set: its default may be a shared folder.
 *
 * `out` becomes "" when there is no such place; a cache is a help and never a need. */
void apo_cache_dir_make(char out[APO_CACHE_DIR_BYTES]);

#endif
