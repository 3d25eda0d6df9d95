#!/busybox sh
# The guest's first process: loads modules, mounts this machine's files read-only with a /run of its own on top, and gives the second
# line a shell.
B=/busybox
$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
$B mount -t devtmpfs dev /dev
while read -r module; do
  case $module in
    *mac80211_hwsim.ko) $B insmod "$module" radios=4 regtest=5 ;; # with 5 GHz channels that one may open
    *) $B insmod "$module" ;;
  esac
done < /modules.list
$B mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose root /host || echo "no files from the host"
$B mount -t tmpfs run /host/run
$B mount --bind /proc /host/proc
$B mount --bind /sys /host/sys
$B mount --bind /dev /host/dev
$B mkdir -p /host/run/share /dev/pts
$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share /host/run/share || echo "no share"
$B ip link set lo up 2>/dev/null || $B ifconfig lo up
$B stty -F /dev/ttyS1 raw -echo
echo "guest: ready"
# Before cat the line is no terminal to the shell, which then prints no prompts.
$B chroot /host /bin/sh -c 'echo "~shell"; exec /bin/sh' < /dev/ttyS1 2>&1 | $B cat > /dev/ttyS1
$B poweroff -f
