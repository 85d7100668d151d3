"""Every failure a user may meet, as one line: what was being done, with what, what to do."""


class PultFailure(Exception):
    """The base of all; its text is shown to the user as it is, and the command exits with 1."""


class WrongUsage(PultFailure):
    """What the command was given cannot be meant; nothing was done, and it exits with 2."""


class MalformedEvent(PultFailure):
    """A value is no event of the contract; keep it in `rejected` and go on."""


class UntranslatableFrame(PultFailure):
    """A source sent a message we need, but unusable; keep it in `rejected` and go on."""


class UnreadableRecording(PultFailure):
    """A file given to `import` or `demo` cannot be read as what it was said to be."""


class DataFolderUnusable(PultFailure):
    """The data folder is in use, too new, or cannot be written; nothing was changed."""


class JournalFailed(PultFailure):
    """The journal could not keep a frame (disk full, file damaged); what it has stays valid."""


class StoreFailed(PultFailure):
    """The store refused a read or a write; what it had acknowledged stays."""


class RowsRefused(StoreFailed):
    """The store does not take rows because of what they say; waiting would not help."""


class QueryRefused(PultFailure):
    """A statement does more than read, or is more than one statement."""


class SettingsInvalid(PultFailure):
    """The settings file has an unknown key or a value out of range; nothing was started."""


class PortTaken(PultFailure):
    """Another process listens where this one was told to; nothing was started."""


class KafkaUnusable(PultFailure):
    """No broker answers, none lets us in, or its topics are not what they must be."""


class LogTorn(PultFailure):
    """Events that must be there are not; going on would lose them without a word."""


class TooManyRejects(PultFailure):
    """So much of the log is unusable that something is wrong with what writes or reads it."""


class OutputFailed(PultFailure):
    """The broker did not take what was concluded; it is concluded again after a restart."""


class SnapshotUnusable(PultFailure):
    """A snapshot is damaged or of another version; the log holds everything that was in it."""


class SimulationImpossible(PultFailure):
    """What `simulate` was asked for cannot be, such as more sources than queues."""


class SourceUnreachable(PultFailure):
    """A source cannot be reached, or what answers is no such source; trying again may help."""


class SourceRefused(PultFailure):
    """A source does not let us in; trying again at once would only annoy it."""


class MappingInvalid(PultFailure):
    """A mapping says what no mapping can say, or is not there; nothing was translated."""


class ReviewRefused(PultFailure):
    """What somebody decided about an episode cannot be taken as it is; nothing was kept."""


class EpisodeUnknown(ReviewRefused):
    """No such episode is known of the tenant; nothing was kept."""


class NotAllowed(PultFailure):
    """Whoever asks has not shown the token that is wanted; nothing was done."""


class BoardsDiffer(PultFailure):
    """Boards in files or in Grafana are not those that we make; nothing was changed."""


class GrafanaFailed(PultFailure):
    """Grafana does not answer, or not as Grafana does; what it has stays, begin again."""


class GrafanaRefused(PultFailure):
    """Grafana does not do one thing that it was asked for; others may go on.

    Args:
        text: the line.
        status: of HTTP.
    """

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status
