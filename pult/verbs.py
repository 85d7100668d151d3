"""The verbs of the command, as data; each is a module of `pult.commands`.

Only the module of the verb that was asked for is loaded: some load a broker's client or an
engine, which costs others half a second.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: what it does in half a sentence, examples, and the module that does it."""

    name: str
    text: str
    examples: str
    module: str = ""


VERBS = (
    Verb(
        "demo",
        "play a recorded half hour of a real PBX on a live wall",
        "pult demo --speed 30\npult demo --once",
    ),
    Verb(
        "run",
        "read all sources of the settings, live: wall, history and metrics in one process",
        "pult run\npult run --config pult.toml --data /var/lib/pult",
    ),
    Verb(
        "import",
        "read recordings, logs or schedules into the history",
        "pult import asterisk-ami ami.log.gz --source pbx1\n"
        "pult import asterisk-queue-log queue_log queue_log.0 --source pbx1\n"
        "pult import schedule march.csv --zone Europe/Moscow",
        module="import_",
    ),
    Verb(
        "sql",
        "ask the history, also while another command owns it",
        "pult sql 'SELECT queue_id, count() FROM legs GROUP BY queue_id'\n"
        "echo 'SELECT 1' | pult sql -",
    ),
    Verb(
        "backtest",
        "say what a rule of discipline would have done with other thresholds",
        "pult backtest late_return --set grace=120s --from 2026-03-01 --to 2026-03-07",
    ),
    Verb(
        "explain",
        "print an episode of a violated rule with the events behind it",
        "pult explain 31b77c4a3ad7cf5d",
    ),
    Verb(
        "violations",
        "list open episodes, acknowledge or excuse them, report on a day, a week or a month",
        "pult violations list\n"
        "pult violations ack 31b77c4a3ad7cf5d --by Maria\n"
        "pult violations excuse 31b77c4a3ad7cf5d --by Maria --reason 'saw a doctor'\n"
        "pult violations report --day 2026-03-02",
    ),
    Verb(
        "policy",
        "print the rules of discipline that hold, and who set each threshold",
        'pult policy show --agent "Anna Petrova"\npult policy show --rule late_return',
    ),
    Verb(
        "mapping",
        "list the mappings of webhooks, print the events that one makes of a sample",
        "pult mapping list\npult mapping test generic sample.json",
    ),
    Verb(
        "digest",
        "print a hash of the facts for each table and day",
        "pult digest\npult digest --total",
    ),
    Verb(
        "rebuild",
        "compute all facts again from the events, say what differs",
        "pult rebuild --check\npult rebuild --from 2026-03-01 --to 2026-03-07\n"
        "pult rebuild --from-journal\npult rebuild --from-kafka --data new-folder\n"
        "pult rebuild --server --check --tenant acme",
    ),
    Verb("metrics", "print the dictionary of all numbers", "pult metrics"),
    Verb(
        "schemas",
        "print the JSON Schemas of the events",
        "pult schemas cc.queue.entered.v1\npult schemas --write docs/schemas",
    ),
    Verb(
        "adapter",
        "carry what a source says into Kafka, by way of a journal",
        "pult adapter pbx1\npult adapter pbx1 --recording ami.log.gz --speed 30",
    ),
    Verb(
        "topics",
        "create the topics in Kafka, check those that are there",
        "pult topics\npult topics --check",
    ),
    Verb(
        "migrate",
        "bring the ClickHouse server to the form of this program",
        "pult migrate\npult migrate --check",
    ),
    Verb(
        "sink",
        "store events, facts and rejects of Kafka in ClickHouse",
        "pult sink --name s1\npult sink --name s2 --port 8404\npult sink --embedded",
    ),
    Verb(
        "sql-server",
        "serve the data folder's history as ClickHouse would, over HTTP",
        "pult sql-server\npult sql-server --writable --sql-port 8123",
        module="sql_server",
    ),
    Verb(
        "processor",
        "run a worker: events of Kafka in, facts, wall and metrics out",
        "pult processor --name w1\npult processor --name w2 --port 8405\n"
        "pult processor --name w2 --leave",
    ),
    Verb(
        "simulate",
        "make a contact centre's day up, as events, with the truth beside it",
        "pult simulate --seats 500 --queues 20 --out day.jsonl.gz --truth truth.json\n"
        "pult simulate --seats 50 --hours 2 --begin 2026-03-02T09:00 --late 0.05\n"
        "pult simulate --tenants 16 --days 7 --to-kafka --truth truth.json\n"
        "pult simulate --crm --hours 8 --out day.jsonl.gz --contacts contacts.jsonl.gz",
    ),
    Verb(
        "init",
        "ask a PBX for its queues and members, write the settings",
        "pult init --host 127.0.0.1 --queue-log /var/log/asterisk/queue_log",
    ),
    Verb(
        "check-source",
        "watch a source for a minute, say what it can feed and what it lacks",
        "pult check-source pbx1\npult check-source pbx1 --seconds 300",
        module="check_source",
    ),
    Verb(
        "dashboards",
        "make Grafana's boards, put them into Grafana, check those that are there",
        "pult dashboards build\n"
        "pult dashboards deploy --url http://127.0.0.1:3000 --language en\n"
        "pult dashboards check --deployed\n"
        'pult dashboards annotate "Trunk 2 is out" --kind outage --from 2026-03-02T09:00\n'
        "pult dashboards screens --language en",
    ),
    Verb("doctor", "check settings and every connection, say what to do", "pult doctor"),
)
