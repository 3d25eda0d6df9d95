#include "chips/linux/confine.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "chips/linux/linux.h"

#if defined __x86_64__
#define OWN_CALLS AUDIT_ARCH_X86_64
#define OTHER_CALLS 0x40000000u /* x32: the same calls under other numbers */
#elif defined __aarch64__
#define OWN_CALLS AUDIT_ARCH_AARCH64
#elif defined __arm__
#define OWN_CALLS AUDIT_ARCH_ARM
#else
#error "name this processor's system calls"
#endif

/* By name or by another process's memory: whatever leads to the flash, to other programs or to other processes. */
static const unsigned refused[] = {
#ifdef SYS_open /* Newer processors have the calls with "at" alone. */
    SYS_open, SYS_creat, SYS_unlink, SYS_rename, SYS_link, SYS_symlink, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_chmod, SYS_chown, SYS_lchown,
#endif
#ifdef SYS_truncate64
    SYS_truncate64,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
    SYS_openat, SYS_openat2, SYS_open_by_handle_at, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_mkdirat, SYS_mknodat,
    SYS_fchmodat, SYS_fchownat, SYS_truncate, SYS_setxattr, SYS_lsetxattr, SYS_mount, SYS_umount2, SYS_chroot, SYS_execve, SYS_execveat,
    SYS_memfd_create, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_open, SYS_pidfd_getfd, SYS_kill, SYS_tkill,
    SYS_tgkill, SYS_io_uring_setup, SYS_bpf, SYS_userfaultfd, SYS_unshare, SYS_setns,
};
#define REFUSED (sizeof refused / sizeof *refused)

void confine_unit(void) {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void confine_radio(void) {
  static struct sock_filter code[REFUSED + 8];
  unsigned short n = 0;
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
  code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_CALLS, 1, 0);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
#ifdef OTHER_CALLS
  code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_CALLS, REFUSED + 1, 0);
#endif
  for (unsigned i = 0; i < REFUSED; i++) {
    unsigned char left = (unsigned char)(REFUSED - i);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused[i], left, 0);
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  struct sock_fprog filter = {.len = n, .filter = code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0)
    stop(strerror(errno), "filter of system calls (the kernel needs CONFIG_SECCOMP_FILTER)");
}
