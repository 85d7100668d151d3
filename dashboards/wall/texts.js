// Everything the wall says, in three languages, and the numbers and times of each.
//
// A text is a string with {names}, or an object of plural forms chosen by `n`. All languages have
// the same keys. Window lengths, numbers, percents and times come from Intl, never from here.

const en = {
  serviceLevel: "Service level, last {window}",
  target: "target {ratio}",
  within: "in {time}",
  byQueue: "by queue",
  inTime: { one: "{inTime} of {n} call in time", other: "{inTime} of {n} calls in time" },
  ofCounted: "{inTime} of {n}",
  pointsUnder: { one: "{n} point under target", other: "{n} points under target" },
  waitingNow: "Waiting now",
  pastTarget: "{n} past target",
  close: "{n} close",
  closeAlone: "{n} close to target",
  nobodyWaits: "nobody waits",
  longestWait: "Longest wait",
  freeAgents: "Free agents",
  ofLoggedIn: "of {n} logged in",
  nobodyFree: "nobody free",
  nobodyLoggedIn: "nobody logged in",
  lost: "Lost, last {window}",
  lostOf: { one: "{lost} of {n} call", other: "{lost} of {n} calls" },
  queues: "Queues, worst first",
  columnLevel: "service level",
  columnWaiting: "waiting",
  columnLongest: "longest",
  noCalls: "no calls in {window}",
  noCallsYet: "No calls yet",
  nothingCounted: "nothing counted yet",
  more: "+{n} more",
  moreInTarget: "+{n} more, all in target",
  moreOut: "+{n} more, {out} out of target",
  moreQuiet: "+{n} more, without calls",
  moreMixed: "+{n} more: {fine} in target, {quiet} without calls",
  attention: "Needs attention",
  lasting: "for",
  queuePastTarget: "{n} past target",
  nobodyReady: "nobody free",
  levelUnderTarget: "{ratio}, target {target}",
  overallUnder: "level {ratio}, target {target}",
  sourceSilent: "silent",
  sourceLost: "connection lost, {time}",
  sourceLostOnce: "connection lost",
  sourceRefused: "login refused",
  sourceFailed: "cannot be read",
  sourceGap: "gap since {time}",
  numbersDiffer: { one: "figures off by {n} call", other: "figures off by {n} calls" },
  unknownQueue: "no such queue here",
  unknownTeam: "no such team here",
  unknownTenant: "no such tenant here",
  whoseWall: "Whose wall?",
  allClear: "All clear",
  allClearWhy: "no deviations, every source answers",
  noVerdict: "Nothing to judge yet",
  waitingForData: "Waiting for data",
  recording: "Recording",
  recordingSpeed: "Recording, {speed}× speed",
  recordingOver: "The recording is over",
  stale: "STALE since {time}",
  noData: "NO DATA",
  noDataLast: "No data, last at {time}",
  noDataEver: "No data received",
  unreadable: "UNREADABLE DATA",
  updatedNow: "updated now",
  updated: "updated {ago}",
  people: "People, {n} logged in",
  occupancy: "occupancy {ratio}, last {window}",
  cardsOpen: "cards open",
  cardFilling: "filling a card, 1 h",
  satisfied: "satisfied, 1 h",
  team: "team {team}",
  waitingTitle: "{n} waiting",
  state_talking: "talking",
  state_holding: "on hold",
  state_wrapup: "wrap-up",
  state_reserved: "ringing",
  state_ready: "free",
  state_not_ready: "away",
  state_offline: "offline",
  comma: ", ",
  reasons: "({reasons})",
  violationCount: "{rule}: {n}",
  rule_late_return: "back late from break",
  rule_break_too_long: "break too long",
  rule_idle_not_ready: "paused without reason",
  rule_acw_too_long: "wrap-up too long",
  rule_long_hold: "caller long on hold",
  rule_rona: "missed calls",
  rule_offer_rejected: "rejected calls",
  rule_toggle: "pausing on and off",
  rule_relog: "logging out and in",
  rule_slow_handling: "slow handling",
  rule_short_call: "short calls",
  rule_late_login: "late for shift",
  rule_no_show: "absent from shift",
  rule_early_logout: "left early",
  rule_unscheduled_break: "unplanned break",
  rule_work_instead_of_break: "working in a break",
  rule_not_logged_out: "not logged out",
  rule_agent_hangup: "hanging up on callers",
  rule_excess_transfer: "many transfers",
  rule_break_budget: "breaks over budget",
  rule_hanging: "waiting far too long",
  rule_ping_pong: "sent back and forth",
  rule_wrong_state_work: "calls in a break",
  rule_ghost_busy: "busy with each other",
  rule_system_suspect: "system suspected",
  is_talking: "talking",
  is_holding: "on hold",
  is_wrapup: "wrap-up",
  is_reserved: "ringing",
  is_ready: "free",
  is_not_ready: "away",
  is_offline: "offline",
  floor: "People by name",
  floorCount: "{n} logged in, {open} with open violations",
  columnName: "name",
  columnTeam: "team",
  columnState: "state",
  columnViolations: "open violations",
  columnAnswered: "answered",
  columnTalk: "mean talk",
  columnMissed: "missed",
  columnBreaks: "breaks",
  columnBreakTime: "break time",
  columnLogin: "logged in at",
  today: "today",
  todaySince: "today since {time}",
  allTeams: "All teams",
  teamChoice: "Team",
  acknowledged: "seen",
  copy: "Copy",
  copied: "Copied",
  nobodyHere: "Nobody is known here yet",
  signIn: "Sign in",
  signOut: "Sign out",
  signInWhy: "This page shows people by name. It takes the token of the settings, supervisor.token_env or supervisor.token_file.",
  token: "Token",
  wrongToken: "That is not the token.",
};

const ru = {
  serviceLevel: "Уровень сервиса за {window}",
  target: "цель {ratio}",
  within: "за {time}",
  byQueue: "по очередям",
  inTime: {
    one: "{inTime} из {n} звонка вовремя",
    few: "{inTime} из {n} звонков вовремя",
    many: "{inTime} из {n} звонков вовремя",
    other: "{inTime} из {n} звонка вовремя",
  },
  ofCounted: "{inTime} из {n}",
  pointsUnder: {
    one: "на {n} пункт ниже цели",
    few: "на {n} пункта ниже цели",
    many: "на {n} пунктов ниже цели",
    other: "на {n} пункта ниже цели",
  },
  waitingNow: "Ждут сейчас",
  pastTarget: "{n} дольше цели",
  close: "{n} на грани",
  closeAlone: "{n} на грани цели",
  nobodyWaits: "никто не ждёт",
  longestWait: "Дольше всех ждёт",
  freeAgents: "Свободны",
  ofLoggedIn: "из {n} в системе",
  nobodyFree: "свободных нет",
  nobodyLoggedIn: "никого нет в системе",
  lost: "Потеряно за {window}",
  lostOf: {
    one: "{lost} из {n} звонка",
    few: "{lost} из {n} звонков",
    many: "{lost} из {n} звонков",
    other: "{lost} из {n} звонка",
  },
  queues: "Очереди, худшие сверху",
  columnLevel: "уровень сервиса",
  columnWaiting: "ждут",
  columnLongest: "дольше всех",
  noCalls: "{window} без звонков",
  noCallsYet: "Звонков ещё не было",
  nothingCounted: "итога пока нет",
  more: "и ещё {n}",
  moreInTarget: "и ещё {n}, все в цели",
  moreOut: "и ещё {n}, из них {out} вне цели",
  moreQuiet: "и ещё {n}, без звонков",
  moreMixed: "и ещё {n}: {fine} в цели, {quiet} без звонков",
  attention: "Требует внимания",
  lasting: "уже",
  queuePastTarget: "{n} дольше цели",
  nobodyReady: "свободных нет",
  levelUnderTarget: "{ratio}, цель {target}",
  overallUnder: "уровень {ratio}, цель {target}",
  sourceSilent: "молчит",
  sourceLost: "связь потеряна в {time}",
  sourceLostOnce: "связь потеряна",
  sourceRefused: "вход отклонён",
  sourceFailed: "не читается",
  sourceGap: "пробел с {time}",
  numbersDiffer: {
    one: "расходится на {n} звонок",
    few: "расходится на {n} звонка",
    many: "расходится на {n} звонков",
    other: "расходится на {n} звонка",
  },
  unknownQueue: "нет такой очереди",
  unknownTeam: "нет такой команды",
  unknownTenant: "нет такой организации",
  whoseWall: "Чьё табло показать?",
  allClear: "Всё в порядке",
  allClearWhy: "отклонений нет, все источники отвечают",
  noVerdict: "Пока нечего оценивать",
  waitingForData: "Ждём данных",
  recording: "Запись",
  recordingSpeed: "Запись, скорость ×{speed}",
  recordingOver: "Запись закончилась",
  stale: "УСТАРЕЛО с {time}",
  noData: "НЕТ ДАННЫХ",
  noDataLast: "Нет данных с {time}",
  noDataEver: "Данные не поступали",
  unreadable: "ДАННЫЕ НЕ ЧИТАЮТСЯ",
  updatedNow: "обновлено только что",
  updated: "обновлено {ago}",
  people: "Операторы, в системе {n}",
  occupancy: "загрузка {ratio} за {window}",
  cardsOpen: "открыто карточек",
  cardFilling: "карточка за 1 ч",
  satisfied: "довольны за 1 ч",
  team: "команда {team}",
  waitingTitle: {
    one: "{n} ждёт",
    few: "{n} ждут",
    many: "{n} ждут",
    other: "{n} ждёт",
  },
  state_talking: "говорят",
  state_holding: "на удержании",
  state_wrapup: "дообработка",
  state_reserved: "вызов",
  state_ready: "свободны",
  state_not_ready: "отошли",
  state_offline: "не в системе",
  comma: ", ",
  reasons: "({reasons})",
  violationCount: "{rule}: {n}",
  rule_late_return: "опоздание с перерыва",
  rule_break_too_long: "долгий перерыв",
  rule_idle_not_ready: "пауза без причины",
  rule_acw_too_long: "долгая постобработка",
  rule_long_hold: "долгое удержание",
  rule_rona: "пропущенные вызовы",
  rule_offer_rejected: "отклонённые вызовы",
  rule_toggle: "частые паузы",
  rule_relog: "частые выходы и входы",
  rule_slow_handling: "медленная обработка",
  rule_short_call: "короткие разговоры",
  rule_late_login: "опоздание на смену",
  rule_no_show: "неявка на смену",
  rule_early_logout: "ранний уход",
  rule_unscheduled_break: "перерыв вне графика",
  rule_work_instead_of_break: "работа в перерыв",
  rule_not_logged_out: "выход не отмечен",
  rule_agent_hangup: "сброс звонков",
  rule_excess_transfer: "много переводов",
  rule_break_budget: "лимит перерывов",
  rule_hanging: "очень долгое ожидание",
  rule_ping_pong: "гоняют по кругу",
  rule_wrong_state_work: "звонки в перерыве",
  rule_ghost_busy: "говорят между собой",
  rule_system_suspect: "подозрение на сбой",
  is_talking: "разговор",
  is_holding: "удержание",
  is_wrapup: "дообработка",
  is_reserved: "вызов",
  is_ready: "ждёт звонка",
  is_not_ready: "пауза",
  is_offline: "не в системе",
  floor: "Люди поимённо",
  floorCount: "в системе {n}, с нарушениями {open}",
  columnName: "имя",
  columnTeam: "команда",
  columnState: "состояние",
  columnViolations: "открытые нарушения",
  columnAnswered: "принято",
  columnTalk: "ср. разговор",
  columnMissed: "пропущено",
  columnBreaks: "перерывы",
  columnBreakTime: "в перерыве",
  columnLogin: "вход в",
  today: "сегодня",
  todaySince: "сегодня с {time}",
  allTeams: "Все команды",
  teamChoice: "Команда",
  acknowledged: "замечено",
  copy: "Копировать",
  copied: "Скопировано",
  nobodyHere: "Здесь пока никто не известен",
  signIn: "Войти",
  signOut: "Выйти",
  signInWhy: "На этой странице люди названы поимённо. Нужен токен из настроек: supervisor.token_env или supervisor.token_file.",
  token: "Токен",
  wrongToken: "Это не тот токен.",
};

const zh = {
  serviceLevel: "近{window}服务水平",
  target: "目标 {ratio}",
  within: "{time}内",
  byQueue: "时限按队列",
  inTime: "{n} 个来电，{inTime} 个及时接听",
  ofCounted: "{inTime} / {n}",
  pointsUnder: "低于目标 {n} 个百分点",
  waitingNow: "正在等待",
  pastTarget: "{n} 个超时限",
  close: "{n} 个将超",
  closeAlone: "{n} 个将超时限",
  nobodyWaits: "无人等待",
  longestWait: "最长等待",
  freeAgents: "空闲坐席",
  ofLoggedIn: "共 {n} 人登录",
  nobodyFree: "无空闲坐席",
  nobodyLoggedIn: "无人登录",
  lost: "近{window}放弃率",
  lostOf: "{n} 个来电，{lost} 个放弃",
  queues: "队列（最差在前）",
  columnLevel: "服务水平",
  columnWaiting: "等待",
  columnLongest: "最长",
  noCalls: "近{window}无来电",
  noCallsYet: "尚无来电",
  nothingCounted: "暂无结果",
  more: "另有 {n} 个",
  moreInTarget: "另有 {n} 个，全部达标",
  moreOut: "另有 {n} 个，其中 {out} 个未达标",
  moreQuiet: "另有 {n} 个，无来电",
  moreMixed: "另有 {n} 个：{fine} 个达标，{quiet} 个无来电",
  attention: "需要关注",
  lasting: "持续",
  queuePastTarget: "{n} 个超时限",
  nobodyReady: "无空闲坐席",
  levelUnderTarget: "{ratio}，目标 {target}",
  overallUnder: "服务水平 {ratio}，目标 {target}",
  sourceSilent: "无响应",
  sourceLost: "{time} 连接中断",
  sourceLostOnce: "连接中断",
  sourceRefused: "登录被拒",
  sourceFailed: "无法读取",
  sourceGap: "{time} 起数据缺失",
  numbersDiffer: "数据相差 {n} 个来电",
  unknownQueue: "没有此队列",
  unknownTeam: "没有此团队",
  unknownTenant: "没有此租户",
  whoseWall: "请选择租户",
  allClear: "一切正常",
  allClearWhy: "无偏差，所有数据源正常",
  noVerdict: "暂无可评估数据",
  waitingForData: "等待数据",
  recording: "回放",
  recordingSpeed: "回放，{speed} 倍速",
  recordingOver: "回放已结束",
  stale: "数据停在 {time}",
  noData: "无数据",
  noDataLast: "无数据，最后更新 {time}",
  noDataEver: "未收到数据",
  unreadable: "数据无法读取",
  updatedNow: "刚刚更新",
  updated: "{ago}更新",
  people: "坐席，{n} 人登录",
  occupancy: "近{window}占用率 {ratio}",
  cardsOpen: "打开的卡片",
  cardFilling: "近1小时填卡",
  satisfied: "近1小时满意",
  team: "团队 {team}",
  waitingTitle: "{n} 个等待",
  state_talking: "通话",
  state_holding: "保持",
  state_wrapup: "话后处理",
  state_reserved: "振铃",
  state_ready: "空闲",
  state_not_ready: "离席",
  state_offline: "离线",
  comma: "，",
  reasons: "（{reasons}）",
  violationCount: "{rule}：{n}",
  rule_late_return: "休息超时未归",
  rule_break_too_long: "休息过长",
  rule_idle_not_ready: "无原因离席",
  rule_acw_too_long: "话后处理过长",
  rule_long_hold: "保持过久",
  rule_rona: "来电未接",
  rule_offer_rejected: "拒接来电",
  rule_toggle: "频繁切换状态",
  rule_relog: "频繁登出登录",
  rule_slow_handling: "处理缓慢",
  rule_short_call: "通话过短",
  rule_late_login: "上班迟到",
  rule_no_show: "缺勤",
  rule_early_logout: "早退",
  rule_unscheduled_break: "计划外休息",
  rule_work_instead_of_break: "休息时仍在工作",
  rule_not_logged_out: "下班未登出",
  rule_agent_hangup: "主动挂断",
  rule_excess_transfer: "转接过多",
  rule_break_budget: "休息超出限额",
  rule_hanging: "等待过久",
  rule_ping_pong: "来回转接",
  rule_wrong_state_work: "休息时接听",
  rule_ghost_busy: "同事闲聊占线",
  rule_system_suspect: "疑似系统故障",
  is_talking: "通话",
  is_holding: "保持",
  is_wrapup: "话后处理",
  is_reserved: "振铃",
  is_ready: "空闲",
  is_not_ready: "离席",
  is_offline: "离线",
  floor: "坐席名单",
  floorCount: "{n} 人登录，{open} 人有违规",
  columnName: "姓名",
  columnTeam: "团队",
  columnState: "状态",
  columnViolations: "未结违规",
  columnAnswered: "已接",
  columnTalk: "平均通话",
  columnMissed: "未接",
  columnBreaks: "休息次数",
  columnBreakTime: "休息时长",
  columnLogin: "登录时间",
  today: "今天",
  todaySince: "今天 {time} 起",
  allTeams: "所有团队",
  teamChoice: "团队",
  acknowledged: "已知悉",
  copy: "复制",
  copied: "已复制",
  nobodyHere: "尚无人员信息",
  signIn: "登录",
  signOut: "退出",
  signInWhy: "本页显示人员姓名，需要设置中的令牌：supervisor.token_env 或 supervisor.token_file。",
  token: "令牌",
  wrongToken: "令牌不正确。",
};

export const TEXTS = { en, ru, zh };

const WINDOW_MINUTES = 30; // the window of every ratio on the wall; the stream does not carry it

const primary = (tag) => String(tag).toLowerCase().split("-")[0];

/** The language asked for in the address, else the first one of the browser that we have. */
export function chooseLanguage(asked, preferred) {
  return [asked ?? "", ...preferred, "en"].map(primary).find((tag) => Object.hasOwn(TEXTS, tag));
}

/** Texts, numbers and times of one language. `locale` may add a region to the language. */
export function speaker(language, locale = language) {
  const plural = new Intl.PluralRules(locale);
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const fine = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const shares = [0, 1].map(
    (digits) =>
      new Intl.NumberFormat(locale, {
        style: "percent",
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }),
  );
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  const units = {};
  const unit = (value, name) => {
    units[name] ??= new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short" });
    return units[name].format(value);
  };

  function say(key, values = {}) {
    const entry = TEXTS[language][key];
    const text = typeof entry === "string" ? entry : (entry[plural.select(values.n)] ?? entry.other);
    const all = { window: unit(WINDOW_MINUTES, "minute"), ...values };
    return text.replace(/\{(\w+)\}/g, (_, name) => {
      const value = all[name];
      return typeof value === "number" ? fine.format(value) : String(value);
    });
  }

  // Rounding must not flatter: 79.6 % under a target of 80 % is not "80 %", and only all is "100 %".
  function share(ratio, { target = null, digits = 0 } = {}) {
    const step = 10 ** (digits + 2);
    let value = Math.round(ratio * step) / step;
    if ((value >= 1 && ratio < 1) || (value <= 0 && ratio > 0)) {
      value = value >= 1 ? Math.floor(ratio * step) / step : 1 / step;
    }
    if (target !== null && ratio < target && value >= target) {
      return shares[1].formatToParts(Math.floor(ratio * 1000) / 1000);
    }
    return shares[digits].formatToParts(value);
  }

  const join = (parts) => parts.map((part) => part.value).join("");

  return {
    say,
    has: (key) => Object.hasOwn(TEXTS[language], key),
    count: (value) => whole.format(value),
    fine: (value) => fine.format(value),
    shareParts: share,
    share: (ratio, options) => join(share(ratio, options)),

    /** A duration in its greatest whole unit: 45 s, 2 min, 3 h. */
    duration(ms) {
      const seconds = Math.max(0, Math.floor(ms / 1000));
      if (seconds < 60) return unit(seconds, "second");
      if (seconds < 3600) return unit(Math.floor(seconds / 60), "minute");
      if (seconds < 86400) return unit(Math.floor(seconds / 3600), "hour");
      return unit(Math.floor(seconds / 86400), "day");
    },

    /** A target time, which may be a fraction of a second or odd minutes, exactly. */
    seconds: (ms) => (ms >= 60000 && ms % 60000 === 0 ? unit(ms / 60000, "minute") : unit(ms / 1000, "second")),

    ago(ms) {
      const seconds = Math.floor(ms / 1000);
      if (seconds < 60) return relative.format(-seconds, "second");
      if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
      return relative.format(-Math.floor(seconds / 3600), "hour");
    },

    /** A running wait, m:ss or h:mm:ss: the form of every telephone display. */
    wait(ms) {
      const seconds = Math.floor(ms / 1000);
      const two = (value) => String(value).padStart(2, "0");
      const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
      return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
    },

    /** Clock and day of an instant where the contact centre is; UTC is named when its zone is unknown. */
    clock(timezone) {
      const hours = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
      const day = { weekday: "long", day: "numeric", month: "long" };
      let zone = timezone;
      try {
        new Intl.DateTimeFormat(locale, { timeZone: zone });
      } catch {
        zone = "UTC";
      }
      const suffix = zone === timezone ? "" : " UTC";
      const time = new Intl.DateTimeFormat(locale, { ...hours, timeZone: zone });
      const date = new Intl.DateTimeFormat(locale, { ...day, timeZone: zone });
      return { time: (ms) => time.format(ms) + suffix, day: (ms) => date.format(ms) };
    },
  };
}
