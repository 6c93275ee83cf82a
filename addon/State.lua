-- State: what the fields of a frame are read from. Asks the client, and follows the player's own combat log for what it shows nowhere.

local P = Portunus

local ENEMY_MEMORY = 5 -- seconds an enemy counts as present after it was last seen in the combat log

local auras = { player = {}, target = {} } -- unit -> aura id -> { stacks, endsAt }
local stale = { player = true, target = true } -- units whose auras must be read again
local filters = { player = "HELPFUL", target = "HARMFUL|PLAYER" }
local spellNumber, spellNumberByName = {}, {} -- position in schema.spells by id, and by the client's name
local castAt, missileAt = {}, {} -- spell id -> instant
local tickAmount = {} -- aura id -> last periodic damage
local counters = {} -- value of each tracker
local enemySeen = {} -- unit id -> instant
local debuffLength = {} -- aura id -> seconds, for debuffs followed on enemies that are not the target
local debuffEnds = {} -- aura id -> unit id -> instant
local combatStart
local lastPower, spentAt = {}, {}
local runeEnds, runeBack = {}, {} -- rune -> instant at which it will be ready, and at which it last was ready again

-- Forgets everything followed so far: at login, after a loading screen, at death.
function P.forget()
	for _, list in ipairs({ castAt, missileAt, tickAmount, enemySeen, lastPower, spentAt, runeEnds, runeBack }) do
		for key in pairs(list) do
			list[key] = nil
		end
	end
	for i = 1, #P.schema.trackers do
		counters[i] = 0
	end
	for _, field in ipairs(P.schema.fields) do
		if field.kind == "debuff_elsewhere" then
			debuffLength[field.parameter] = field.lengthMs / 1000
			debuffEnds[field.parameter] = {}
		end
	end
	combatStart = P.inCombat() and P.now() or nil
	stale.player, stale.target = true, true
end

-- Learns the client's names of the spells; once, at login.
function P.learnNames()
	for i, id in ipairs(P.schema.spells) do
		spellNumber[id] = i
		local name = P.spellName(id)
		if name then
			spellNumberByName[name] = i
		end
	end
end

function P.aurasChanged(unit)
	if stale[unit] ~= nil then
		stale[unit] = true
	end
end

function P.combatChanged(started)
	combatStart = started and P.now() or nil
end

local function auraOf(unit, id)
	if stale[unit] then
		stale[unit] = false
		local found = auras[unit]
		for known in pairs(found) do
			found[known] = nil
		end
		P.eachAura(unit, filters[unit], function(auraId, stacks, endsAt)
			found[auraId] = { stacks = stacks, endsAt = endsAt }
		end)
	end
	return auras[unit][id]
end

local function auraEnd(unit, id, now)
	local aura = auraOf(unit, id)
	if aura and aura.endsAt > now then
		return aura.endsAt
	end
	return nil
end

local function auraStacks(unit, id, now)
	local aura = auraOf(unit, id)
	if aura and aura.endsAt > now then
		return aura.stacks
	end
	return 0
end

-- Moves every tracker that has a rule for this happening.
local function track(trigger, id)
	for i, tracker in ipairs(P.schema.trackers) do
		for _, rule in ipairs(tracker.rules) do
			if rule.trigger == trigger and rule.ids[id] then
				local wanted = rule.whileAura
				local up = wanted ~= 0 and auraOf("player", math.abs(wanted)) ~= nil
				if wanted == 0 or up == (wanted > 0) then
					counters[i] = rule.next[counters[i] + 1] or counters[i]
				end
			end
		end
	end
end

-- What each combat log event of the player means: handler(now, enemy (nil: the player himself), spell id, the values after its school).
local ownEvent = {}

function ownEvent.SPELL_CAST_SUCCESS(now, _, id)
	castAt[id] = now
	missileAt[id] = now
	track("cast", id)
end

function ownEvent.SPELL_DAMAGE(_, _, id, _, _, _, _, _, _, critical)
	missileAt[id] = nil
	track(critical and critical ~= 0 and "crit" or "hit", id)
end

function ownEvent.SPELL_MISSED(_, _, id)
	missileAt[id] = nil
	track("miss", id)
end

function ownEvent.SPELL_PERIODIC_DAMAGE(_, _, id, amount)
	tickAmount[id] = amount
end

function ownEvent.SPELL_AURA_APPLIED(now, enemy, id)
	if not enemy then
		P.aurasChanged("player")
		track("gained", id)
	elseif debuffLength[id] then
		debuffEnds[id][enemy] = now + debuffLength[id]
	end
end

function ownEvent.SPELL_AURA_REFRESH(now, enemy, id)
	if enemy and debuffLength[id] then
		debuffEnds[id][enemy] = now + debuffLength[id]
	end
end

function ownEvent.SPELL_AURA_REMOVED(_, enemy, id)
	if not enemy then
		track("lost", id)
		P.aurasChanged("player")
	elseif debuffLength[id] then
		debuffEnds[id][enemy] = nil
	end
end

local function onCombatLog(event, source, target, id, _, _, ...)
	local player = P.playerId()
	local now = P.now()
	if event == "UNIT_DIED" and target then
		enemySeen[target] = nil
		for _, ends in pairs(debuffEnds) do
			ends[target] = nil
		end
	end
	if not player or source ~= player then
		return false
	end
	local enemy = target ~= player and target or nil
	if enemy and (event == "SPELL_DAMAGE" or event == "SPELL_PERIODIC_DAMAGE" or event == "SPELL_MISSED") then
		enemySeen[enemy] = now
	end
	local handler = ownEvent[event]
	if handler and type(id) == "number" then
		handler(now, enemy, id, ...)
		return true
	end
	return false
end

-- Takes one event of the combat log; true when it concerned the player.
function P.combatLog(...)
	return onCombatLog(P.combatLogEvent(...))
end

local function recentEnemies(now)
	local count = 0
	for unit, seen in pairs(enemySeen) do
		if now - seen > ENEMY_MEMORY then
			enemySeen[unit] = nil
		else
			count = count + 1
		end
	end
	return count
end

-- When the debuff ends on the enemies other than the target: the `place`-th to end.
local function debuffElsewhere(id, now, place)
	local target, ends = P.targetId(), {}
	for enemy, endsAt in pairs(debuffEnds[id]) do
		if enemy ~= target and endsAt > now then
			ends[#ends + 1] = endsAt
		end
	end
	table.sort(ends)
	return ends[place]
end

local function castSpell()
	local id, name, endsAt, channelled = P.cast()
	if not endsAt then
		return 0
	end
	local known = id and spellNumber[id] or not id and name and spellNumberByName[name]
	return known and known + 1 or 1, endsAt, channelled
end

-- One reader per kind of field: read(parameter, now, place).
local readers = {}

readers.resource = function(kind, now)
	local power = P.power(kind)
	if power and lastPower[kind] and power < lastPower[kind] then
		spentAt[kind] = now
	end
	lastPower[kind] = power
	return power
end
readers.resource_max = function(kind)
	return P.powerMax(kind)
end
readers.pet_resource = function(kind)
	return P.power(kind, "pet")
end
readers.pet_resource_max = function(kind)
	return P.powerMax(kind, "pet")
end
readers.pet_exists = function()
	return P.petExists()
end
readers.combo_points = function()
	return P.comboPoints()
end
readers.rune_ready = function(index, now)
	local ready = P.runeReady(index)
	if not ready and runeEnds[index] then
		runeBack[index] = math.min(runeEnds[index], now)
	end
	runeEnds[index] = ready
	return ready
end
readers.rune_back = function(index)
	return runeBack[index]
end
readers.rune_wild = function(index)
	return P.runeWild(index)
end
readers.resource_spent_at = function(kind)
	return spentAt[kind]
end
readers.gcd_end = function()
	return P.globalCooldownEnd()
end
readers.cast_spell = function()
	return (castSpell())
end
readers.cast_end = function()
	return (select(2, castSpell()))
end
readers.cast_channel = function()
	return select(3, castSpell())
end
readers.cooldown = function(id)
	return P.cooldownEnd(id)
end
readers.item_cooldown = function(id)
	return P.itemCooldownEnd(id)
end
readers.item_count = function(id)
	return P.itemCount(id)
end
readers.aura_end = function(id, now)
	return auraEnd("player", id, now)
end
readers.aura_stacks = function(id, now)
	return auraStacks("player", id, now)
end
-- Neither ends by itself.
readers.stance = function(id)
	return P.inStance(id) and math.huge or nil
end
readers.queued = function(id)
	return P.isQueued(id) and math.huge or nil
end
readers.debuff_end = function(id, now)
	return auraEnd("target", id, now)
end
readers.debuff_stacks = function(id, now)
	return auraStacks("target", id, now)
end
readers.debuff_elsewhere = function(id, now, place)
	return debuffElsewhere(id, now, place)
end
readers.enemy_count = function(_, now)
	return P.namePlateEnemies() or recentEnemies(now)
end
readers.enemy_count_exact = function()
	return P.namePlateEnemies() ~= nil
end
readers.target_health = function()
	return P.targetHealth()
end
readers.in_combat = function()
	return P.inCombat()
end
readers.combat_start = function()
	return combatStart
end
readers.missile_at = function(id)
	return missileAt[id]
end
readers.cast_at = function(id)
	return castAt[id]
end
readers.counter = function(index)
	return counters[index]
end
readers.tick_amount = function(id)
	return tickAmount[id]
end

local raw = {}

-- Reads and encodes every field. The returned table is reused by the next call.
function P.readFields(now, nowMs)
	for i, field in ipairs(P.schema.fields) do
		raw[i] = P.encode(field.coding, field.bits, readers[field.kind](field.parameter, now, field.place), nowMs)
	end
	return raw
end
