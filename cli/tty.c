#include "cli/tty.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/charset.h"

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define ROWS 24 /* where the terminal does not say */
#define COLUMNS 80
/* A terminal answers at once, but for the line between us; what comes later is
 * taken for a key that does nothing. */
#define ANSWER_MS 300

/* What the signal handlers need: they get no argument of ours. */
static volatile int interrupted, resized, resumed;
static struct {
	bool open, controls;
	int out;
	struct termios was, ours;
} tty;

static struct {
	char bytes[4096];
	size_t at, len;
} input;

/* --- modes and signals --------------------------------------------------- */

static void
send(const char *controls)
{
	if (tty.controls)
		(void)!write(tty.out, controls, strlen(controls));
}

static void
restore(void)
{
	send(PASTE_OFF);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &tty.was);
}

static void
handle(int sig, void (*fn)(int))
{
	struct sigaction act = { .sa_handler = fn };

	sigemptyset(&act.sa_mask);
	sigaction(sig, &act, NULL);
}

/* ${sig} does what it does by default, now. */
static void
let_happen(int sig)
{
	sigset_t set;

	handle(sig, SIG_DFL);
	raise(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void
on_interrupt(int sig)
{
	(void)sig;
	__atomic_store_n(&interrupted, 1, __ATOMIC_RELAXED);
}

static void
on_resize(int sig)
{
	(void)sig;
	__atomic_store_n(&resized, 1, __ATOMIC_RELAXED);
}

static void
on_end(int sig)
{
	restore();
	let_happen(sig);
}

static void
on_suspend(int sig)
{
	struct termios now;
	int saved = errno;
	bool known = tcgetattr(STDIN_FILENO, &now) == 0;

	restore();
	let_happen(sig); /* and later comes back here */
	handle(sig, on_suspend);
	if (known)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
	send(PASTE_ON);
	__atomic_store_n(&resumed, 1, __ATOMIC_RELAXED);
	errno = saved;
}

volatile int *
tty_interrupt_flag(void)
{
	return &interrupted;
}

void
tty_catch_interrupt(void)
{
	handle(SIGINT, on_interrupt);
}

int
tty_open(FILE *out, bool controls)
{
	static const int ends[] = { SIGTERM, SIGHUP, SIGQUIT };
	size_t i;

	if (tcgetattr(STDIN_FILENO, &tty.was) == -1)
		return -1;
	tty.out = fileno(out);
	tty.controls = controls;
	tty.ours = tty.was;
	tty.ours.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR);
	/* NOFLSH: what was typed before Ctrl-C stays. */
	tty.ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	tty.ours.c_lflag |= ISIG | NOFLSH;
	tty.ours.c_cc[VMIN] = 1;
	tty.ours.c_cc[VTIME] = 0;
	tty_catch_interrupt();
	handle(SIGWINCH, on_resize);
	handle(SIGTSTP, on_suspend);
	for (i = 0; i < NELEM(ends); i++)
		handle(ends[i], on_end);
	tty.open = true;
	tty_mode();
	send(PASTE_ON);
	return 0;
}

void
tty_mode(void)
{
	if (tty.open)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &tty.ours);
}

void
tty_close(void)
{
	if (!tty.open)
		return;
	restore();
	tty.open = false;
	handle(SIGTSTP, SIG_DFL);
}

bool
tty_echoed(void)
{
	return (tty.was.c_lflag & ECHO) != 0;
}

void
tty_size(int *rows, int *columns)
{
	struct winsize size = { 0 };

	(void)ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	*rows = size.ws_row > 1 ? size.ws_row : ROWS;
	*columns = size.ws_col > 1 ? size.ws_col : COLUMNS;
}

/* --- input --------------------------------------------------------------- */

static void
block(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	(void)pthread_sigmask(SIG_BLOCK, &set, before);
}

static enum tty_event
flagged(void)
{
	if (__atomic_exchange_n(&interrupted, 0, __ATOMIC_RELAXED))
		return TTY_INTERRUPTED;
	if (__atomic_exchange_n(&resumed, 0, __ATOMIC_RELAXED))
		return TTY_RESUMED;
	if (__atomic_exchange_n(&resized, 0, __ATOMIC_RELAXED))
		return TTY_RESIZED;
	return TTY_CHAR;
}

/* More bytes, or what came instead of them. */
static enum tty_event
fill(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	enum tty_event event = TTY_CHAR;
	sigset_t before;
	ssize_t n = -1;

	if (input.at > 0) {
		memmove(input.bytes, input.bytes + input.at,
		    input.len - input.at);
		input.len -= input.at;
		input.at = 0;
	}
	/* A signal between the look at its flag and the waiting would be
	 * seen with the next key only. */
	block(&before);
	while (n == -1) {
		event = flagged();
		if (event != TTY_CHAR)
			break;
		if (ppoll(&in, 1, NULL, &before) == -1 && errno == EINTR)
			continue;
		n = read(STDIN_FILENO, input.bytes + input.len,
		    sizeof(input.bytes) - input.len);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			n = 0;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (event == TTY_CHAR && n == 0)
		return TTY_END;
	input.len += n > 0 ? (size_t)n : 0;
	return event;
}

/* ESC [ row ; column R among the bytes that were not read yet: takes it out. */
static int
take_answer(void)
{
	size_t i, n;
	int row, column;
	char end;

	for (i = input.at; i + 6 <= input.len; i++) {
		char copy[24] = "";

		if (input.bytes[i] != '\033')
			continue;
		n = input.len - i < sizeof(copy) - 1 ? input.len - i
						     : sizeof(copy) - 1;
		memcpy(copy, input.bytes + i, n);
		if (sscanf(copy, "\033[%5d;%5d%c", &row, &column, &end) != 3
		    || end != 'R')
			continue;
		n = (size_t)(strchr(copy, 'R') - copy) + 1;
		memmove(input.bytes + i, input.bytes + i + n,
		    input.len - i - n);
		input.len -= n;
		return column - 1;
	}
	return -1;
}

int
tty_cursor_column(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t until = clock_boot_ms() + ANSWER_MS;
	int64_t left;
	int column = -1;
	ssize_t n;

	send("\033[6n");
	while (column == -1 && (left = until - clock_boot_ms()) > 0
	    && input.len < sizeof(input.bytes)) {
		if (poll(&in, 1, (int)left) != 1)
			continue;
		n = read(STDIN_FILENO, input.bytes + input.len,
		    sizeof(input.bytes) - input.len);
		if (n <= 0)
			break;
		input.len += (size_t)n;
		column = take_answer();
	}
	return column;
}

bool
tty_has_input(int wait_ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return input.at < input.len || poll(&in, 1, wait_ms) == 1;
}

enum tty_event
tty_key(wchar_t *c)
{
	enum tty_event event;
	size_t used = 0;

	for (;;) {
		if (input.at < input.len) {
			*c = charset_read(input.bytes + input.at,
			    input.len - input.at, &used);
			if (used > 0)
				break;
		}
		event = fill();
		if (event != TTY_CHAR)
			return event;
	}
	input.at += used;
	return TTY_CHAR;
}
