-- The rules of quota/bucket.py for a bucket kept in Redis, one atomic step a call. A test plays the same histories on
-- both. Numbers that are rules come with each call (`rule`), so they are stated in bucket.py alone.
--
-- KEYS[1] the bucket: one value that is there whole or not at all, so a lost count is never taken for an empty one.
-- ARGV    verb, what is asked (JSON), the numbers of the rules (JSON)
-- Beyond what bucket.Bucket holds, a bucket knows
--   run    the run of the Redis server that it was made in: a restart or a failover may have lost its last calls
--   seed   a name drawn when it was made; a message meant for an earlier one is ignored
--   upto   the durable mark of each hour: more calls are never counted without a word from the database
--   ids    who asked for each slot, and `line_ids` for each ticket: asking twice gives one
-- Instants are microseconds, exact in a double until the year 2255.

local verb, ask, rule = ARGV[1], cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local HOUR = rule.hour

local function clock()
  if ask.now then return ask.now end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local now = clock()
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')

local function load()
  local kept = redis.call('GET', KEYS[1])
  if not kept then return nil end
  local read, bucket = pcall(cmsgpack.unpack, kept)
  if not read or type(bucket) ~= 'table' or bucket.run ~= run then return nil end
  bucket.line, bucket.line_ids = bucket.line or {}, bucket.line_ids or {}  -- older versions had none
  return bucket
end

local function keep(bucket)
  redis.call('SET', KEYS[1], cmsgpack.pack(bucket))
end

-- Enedis' calendar, which is the wall clock's but in the simulator.
local function civil(at)
  if ask.frozen then return ask.civil end
  return at + ask.offset
end

local function guard()
  return ask.frozen and 0 or rule.edge_guard
end

local function window(bucket)
  local quiet = math.floor(math.max(0, now - bucket.widened_us) / HOUR)
  return math.max(rule.window, bucket.window_us - quiet * rule.narrow)
end

local function count_of(bucket, hour)
  for index, count in ipairs(bucket.hours) do
    if count[1] == hour then return count, index end
  end
  return nil
end

local function used_in(bucket, hour)
  local count = count_of(bucket, hour)
  return count and count[2] or 0
end

local function mark_of(bucket, hour)
  for _, mark in ipairs(bucket.upto) do
    if mark[1] == hour then return mark[2] end
  end
  return 0
end

local function last(list, most)
  local kept = {}
  for index = math.max(1, #list - most + 1), #list do kept[#kept + 1] = list[index] end
  return kept
end

local function charge(bucket, hour, calls)
  local used, _, index = used_in(bucket, hour), count_of(bucket, hour)
  if index then table.remove(bucket.hours, index) end
  table.insert(bucket.hours, {hour, math.max(0, used + calls)})
  bucket.hours = last(bucket.hours, rule.hours_kept)
end

local function raise_mark(bucket, hour, upto)
  local marks = {}
  for _, mark in ipairs(bucket.upto) do
    if mark[1] ~= hour then marks[#marks + 1] = mark end
  end
  marks[#marks + 1] = {hour, upto}
  bucket.upto = last(marks, rule.hours_kept)
end

local function held_until(bucket)
  local rest = bucket.hold_us - civil(now)
  if rest > 0 and rest <= HOUR + rule.edge_guard + rule.set_back then return bucket.hold_us end
  return 0
end

local function after_set_back(bucket)
  local newest = bucket.slots[#bucket.slots]
  local latest = math.max(bucket.pause_us, newest and newest[1] or 0)
  if latest <= now + rule.set_back then return end
  bucket.slots, bucket.ids, bucket.line, bucket.line_ids = {}, {}, {}, {}
  bucket.pause_us = now + rule.lead + window(bucket)
end

local function without_absent(bucket)
  local line, ids = {}, {}
  for index, ticket in ipairs(bucket.line) do
    if now <= ticket[2] and ticket[2] <= now + rule.horizon + rule.grace then
      line[#line + 1], ids[#ids + 1] = ticket, bucket.line_ids[index]
    end
  end
  bucket.line, bucket.line_ids = line, ids
end

local function following(taken, from, wide)
  local at = from
  if #taken > 0 then at = math.max(at, taken[#taken]) end
  if #taken >= ask.per_second then at = math.max(at, taken[#taken - ask.per_second + 1] + wide) end
  return at
end

local function earliest(bucket, lead, before)
  local taken, wide = {}, window(bucket)
  for index, slot in ipairs(bucket.slots) do taken[index] = slot[1] end
  for _ = 1, before do taken[#taken + 1] = following(taken, math.max(now, bucket.pause_us), wide) end
  local at = following(taken, math.max(now + lead, bucket.pause_us), wide)
  local spacing = ask.interactive and 0 or math.floor(wide * 95 / (100 * ask.per_second))
  if #taken > 0 then at = math.max(at, taken[#taken] + spacing) end
  return at
end

local function off_the_edge(at)
  local clear, into = guard(), civil(at) % HOUR
  if into < clear then return at + clear - into end
  if into > HOUR - clear then return at + HOUR - into + clear end
  return at
end

local function allowed(left)
  if ask.interactive then return ask.per_hour end
  local melting = math.floor(ask.per_second * 4 * left / (5 * rule.second))
  return ask.per_hour - math.min(math.floor(ask.per_hour / 10), melting)
end

local function until_allowed(used, left)
  local rest = ask.per_hour - used
  if ask.interactive or rest <= 0 then return left + guard() end
  return left - math.ceil(rest * 5 * rule.second / (4 * ask.per_second)) + 1
end

local function later(wait, why, ticket) return {'later', wait, why, ticket or 0, now} end

local function grant(slot) return {'grant', slot[1] - now, slot[1], slot[2], slot[3], now} end

local function cancel(bucket, serial)
  for index, slot in ipairs(bucket.slots) do
    if slot[3] == serial then
      table.remove(bucket.slots, index)
      table.remove(bucket.ids, index)
      charge(bucket, slot[2], -1)
      return true
    end
  end
  for index, ticket in ipairs(bucket.line) do
    if ticket[1] == serial then
      table.remove(bucket.line, index)
      table.remove(bucket.line_ids, index)
      return true
    end
  end
  return false
end

local function stand(bucket, at, near, before, turn)
  local come = at - near
  if before > 0 then come = math.min(come, bucket.line[before][2] + 1) end
  if not ask.interactive then return later(come - now, 'spacing') end
  if at - now > rule.horizon then return later(at - now - rule.horizon, 'spacing') end
  local ticket = {turn > 0 and turn or bucket.serial + 1, at + rule.grace}
  table.insert(bucket.line, before + 1, ticket)
  table.insert(bucket.line_ids, before + 1, ask.id)
  bucket.serial = math.max(bucket.serial, ticket[1])
  return later(come - now, 'spacing', ticket[1])
end

local function reserve(bucket)
  for index, id in ipairs(bucket.ids) do
    if id == ask.id then return grant(bucket.slots[index]), false end
  end
  local turn = ask.turn
  for index, id in ipairs(bucket.line_ids) do
    if id == ask.id then turn = bucket.line[index][1] end
  end
  after_set_back(bucket)
  cancel(bucket, turn)
  without_absent(bucket)
  local held = held_until(bucket) - civil(now)
  if held > 0 then return later(held, 'hold'), true end
  local lead, before = math.min(ask.lead, rule.lead), #bucket.line
  if ask.interactive and turn > 0 then
    while before > 0 and bucket.line[before][1] > turn do before = before - 1 end
  end
  local at = off_the_edge(earliest(bucket, lead, before))
  local hour = math.floor(civil(at) / HOUR)
  local left = (hour + 1) * HOUR - civil(at)
  local used = used_in(bucket, hour)
  if used + before >= allowed(left) then
    return later(at - now + until_allowed(used + before, left), 'hour'), true
  end
  local near = ask.interactive and math.min(rule.ahead + lead, rule.lead) or lead
  if at - now > near then return stand(bucket, at, near, before, turn), true end
  local upto = mark_of(bucket, hour)
  if used >= upto then return {'mark', bucket.seed, hour, upto}, true end
  local slot = {at, hour, turn > 0 and turn or bucket.serial + 1}
  table.insert(bucket.slots, slot)
  table.insert(bucket.ids, ask.id)
  local kept = rule.slots_kept * ask.per_second
  bucket.slots, bucket.ids = last(bucket.slots, kept), last(bucket.ids, kept)
  bucket.serial = math.max(bucket.serial, slot[3])
  charge(bucket, hour, 1)
  return grant(slot), true
end

local function give_back(bucket)
  return {'done'}, cancel(bucket, ask.serial)
end

local function correct(bucket)
  for index, slot in ipairs(bucket.slots) do
    if slot[3] == ask.serial and slot[1] < now then
      local hour, id = math.floor(civil(now) / HOUR), bucket.ids[index]
      table.remove(bucket.slots, index)
      table.remove(bucket.ids, index)
      while bucket.slots[index] and bucket.slots[index][1] <= now do index = index + 1 end
      table.insert(bucket.slots, index, {now, hour, ask.serial})
      table.insert(bucket.ids, index, id)
      if hour ~= slot[2] then charge(bucket, hour, 1) end
      return {'done'}, true
    end
  end
  return {'done'}, false
end

local function hold(bucket)
  local asked = ask.resume or (math.floor(civil(now) / HOUR) + 1) * HOUR
  bucket.hold_us = math.max(held_until(bucket), math.min(asked, civil(now) + HOUR) + guard())
  return {'done', now}, true
end

local function slow_down(bucket)
  if now < bucket.pause_us and bucket.pause_us <= now + rule.pause then return {'done'}, false end
  bucket.window_us = math.min(window(bucket) + rule.widen, rule.widest)
  bucket.pause_us, bucket.widened_us = math.max(bucket.pause_us, now + rule.pause), now
  return {'done'}, true
end

-- The mark went from `seen` to `upto` in the database. `spent`: nobody knows what became of the calls between.
local function mark(bucket)
  if bucket.seed ~= ask.seed or mark_of(bucket, ask.hour) ~= ask.seen then return {'done'}, false end
  if ask.spent then charge(bucket, ask.hour, math.max(0, ask.upto - used_in(bucket, ask.hour))) end
  raise_mark(bucket, ask.hour, ask.upto)
  return {'done'}, true
end

local function read(bucket) return {'bucket', cmsgpack.pack(bucket), now}, false end

-- A bucket from what the database knows: all that the marks allow is taken for used, and a hold goes on. If slots may
-- have been given before, nothing leaves until the last of them is over.
local function made()
  local bucket = {
    run = run, seed = ask.seed, slots = {}, ids = {}, line = {}, line_ids = {}, hours = {}, upto = {}, serial = 0,
    pause_us = 0, hold_us = ask.hold, window_us = rule.window, widened_us = 0,
  }
  for _, each in ipairs(ask.marks) do
    table.insert(bucket.hours, {each[1], each[2]})
    table.insert(bucket.upto, {each[1], each[2]})
  end
  if #bucket.upto > 0 then
    bucket.pause_us = now + rule.lead + rule.widest
    bucket.serial = now  -- numbers that earlier slots and tickets cannot have
  end
  return bucket
end

local bucket = load()
if verb == 'seed' then
  if not bucket then keep(made()) end
  return {'done'}
end
if not bucket then return {'lost'} end
local verbs = {
  reserve = reserve, give_back = give_back, correct = correct, hold = hold, slow_down = slow_down, mark = mark,
  read = read,
}
local answer, changed = verbs[verb](bucket)
if changed then keep(bucket) end
return answer
