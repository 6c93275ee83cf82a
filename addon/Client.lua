-- Client: one way to ask each question, whatever the client is called. Adapters are chosen by which functions exist, never by a
-- version number. Every answer passes `guard` first: where a client withholds a value ("secret"), the answer is dropped.

local P = Portunus

P.restricted = false -- a value was withheld since the last frame

local isSecret = issecretvalue

-- Passes plain values on; drops all of them when one is withheld.
local function guard(...)
	if isSecret then
		for i = 1, select("#", ...) do
			if isSecret((select(i, ...))) then
				P.restricted = true
				return nil
			end
		end
	end
	return ...
end

P.guard = guard

local function number(value)
	if type(value) == "number" and value == value then
		return value
	end
	return nil
end

-- True when this client withholds combat values from addons: then nothing is read at all.
function P.isUnsupported()
	if C_Secrets and C_Secrets.HasSecretRestrictions then
		return C_Secrets.HasSecretRestrictions() ~= false
	end
	return false
end

-- 3.3.5 is the one client whose combat log comes as event arguments and whose auras still carry a rank.
local readCombatLog = C_CombatLog and C_CombatLog.GetCurrentEventInfo or CombatLogGetCurrentEventInfo
P.isLegacy = not readCombatLog

-- The client's clock in seconds, 0 when it says nothing sensible.
function P.now()
	local time = number(guard(GetTime()))
	return time and time >= 0 and time < 1e9 and time or 0
end

function P.power(kind, unit)
	return number(guard(UnitPower(unit or "player", kind)))
end

function P.powerMax(kind, unit)
	return number(guard(UnitPowerMax(unit or "player", kind)))
end

function P.petExists()
	return guard(UnitExists("pet")) and true or false
end

local COMBO_POINTS = 4

function P.comboPoints()
	if GetComboPoints then
		return number(guard(GetComboPoints("player", "target")))
	end
	return number(guard(UnitPower("player", COMBO_POINTS)))
end

-- Instant at which a rune is ready again, nil when it is.
function P.runeReady(index)
	local start, duration, ready = guard(GetRuneCooldown(index))
	start, duration = number(start), number(duration)
	if ready or not start or not duration or start <= 0 then
		return nil
	end
	return start + duration
end

local DEATH_RUNE = 4

function P.runeWild(index)
	return GetRuneType ~= nil and guard(GetRuneType(index)) == DEATH_RUNE
end

-- Start and duration of a cooldown, nil when ready. A cooldown that has not begun yet (enabled 0) counts as ready.
local function running(start, duration, enabled)
	start, duration = number(start), number(duration)
	if not start or not duration or duration <= 0 or start <= 0 or enabled == 0 or enabled == false then
		return nil
	end
	return start, duration
end

local function spellCooldown(id)
	if GetSpellCooldown then
		return running(guard(GetSpellCooldown(id)))
	end
	local info = guard(C_Spell.GetSpellCooldown(id))
	if type(info) ~= "table" then
		return nil
	end
	return running(guard(info.startTime, info.duration, info.isEnabled))
end

local GLOBAL_COOLDOWN_SPELL = 61304

-- Instant at which the global cooldown ends, nil when it is not running.
function P.globalCooldownEnd()
	local start, duration = spellCooldown(GLOBAL_COOLDOWN_SPELL)
	return start and start + duration
end

-- Instant at which a spell is ready, nil when its own cooldown is not running.
function P.cooldownEnd(id)
	local start, duration = spellCooldown(id)
	if not start then
		return nil
	end
	local globalStart, globalDuration = spellCooldown(GLOBAL_COOLDOWN_SPELL)
	if start == globalStart and duration == globalDuration then
		return nil
	end
	return start + duration
end

function P.itemCooldownEnd(id)
	local read = C_Container and C_Container.GetItemCooldown or GetItemCooldown
	local start, duration = running(guard(read(id)))
	return start and start + duration
end

function P.itemCount(id)
	local read = C_Item and C_Item.GetItemCount or GetItemCount
	return number(guard(read(id, false, true)))
end

-- Names of spells as this client writes them: 3.3.5 reports casts by name only.
function P.spellName(id)
	if GetSpellInfo then
		return (guard(GetSpellInfo(id)))
	end
	local info = guard(C_Spell.GetSpellInfo(id))
	return type(info) == "table" and guard(info.name) or nil
end

-- Spell id (nil where the client gives only names), spell name, and end in seconds of a cast or channel; no end when idle.
local function castInfo(read, channelled)
	if P.isLegacy then
		local name, _, _, _, _, endMs = guard(read("player"))
		return nil, name, number(endMs) and endMs / 1000
	end
	local name, _, _, _, endMs, _, _, channelId, castId = guard(read("player"))
	return number(channelled and channelId or castId), name, number(endMs) and endMs / 1000
end

-- What the player is casting: spell id, spell name, end in seconds, true if channelled; nil when idle.
function P.cast()
	local id, name, endsAt = castInfo(UnitCastingInfo, false)
	if endsAt then
		return id, name, endsAt, false
	end
	id, name, endsAt = castInfo(UnitChannelInfo, true)
	if endsAt then
		return id, name, endsAt, true
	end
	return nil
end

-- Calls visit(spellId, stacks, endsAt) for every aura of a unit; endsAt is math.huge for one without end.
function P.eachAura(unit, filter, visit)
	for index = 1, 40 do
		local name, stacks, endsAt, id, _
		if UnitAura then
			if P.isLegacy then
				name, _, _, stacks, _, _, endsAt, _, _, _, id = guard(UnitAura(unit, index, filter))
			else
				name, _, stacks, _, _, endsAt, _, _, _, id = guard(UnitAura(unit, index, filter))
			end
		else
			local info = guard(C_UnitAuras.GetAuraDataByIndex(unit, index, filter))
			if type(info) == "table" then
				name, stacks, endsAt, id = guard(info.name, info.applications, info.expirationTime, info.spellId)
			end
		end
		if not name then
			return
		end
		endsAt = number(endsAt)
		if number(id) then
			visit(id, number(stacks) or 0, endsAt and endsAt > 0 and endsAt or math.huge)
		end
	end
end

-- True while the player is in a stance or form. 3.3.5 tells its name, later clients the spell id.
function P.inStance(id)
	for index = 1, number(guard(GetNumShapeshiftForms())) or 0 do
		local _, name, active, spell
		if P.isLegacy then
			_, name, active = guard(GetShapeshiftFormInfo(index))
		else
			_, active, _, spell = guard(GetShapeshiftFormInfo(index))
		end
		if active and (spell == id or (name and name == P.spellName(id))) then
			return true
		end
	end
	return false
end

-- True while a spell waits for the next swing.
function P.isQueued(id)
	local read = IsCurrentSpell or C_Spell.IsCurrentSpell
	if P.isLegacy then
		local name = P.spellName(id)
		return name ~= nil and guard(read(name)) and true or false
	end
	return guard(read(id)) and true or false
end

-- Health of the target as a share of its maximum, nil without a living hostile target.
function P.targetHealth()
	if not guard(UnitExists("target")) or not guard(UnitCanAttack("player", "target")) then
		return nil
	end
	local health, maximum = number(guard(UnitHealth("target"))), number(guard(UnitHealthMax("target")))
	if not health or not maximum or maximum <= 0 then
		return nil
	end
	return health / maximum
end

function P.inCombat()
	return guard(UnitAffectingCombat("player")) and true or false
end

function P.playerId()
	return (guard(UnitGUID("player")))
end

function P.targetId()
	return (guard(UnitGUID("target")))
end

-- Hostile units in combat by their name plates, nil where the client has no name plate units.
function P.namePlateEnemies()
	if not (C_NamePlate and C_NamePlate.GetNamePlates) then
		return nil
	end
	local plates = guard(C_NamePlate.GetNamePlates())
	if type(plates) ~= "table" then
		return nil
	end
	local count = 0
	for _, plate in ipairs(plates) do
		local unit = type(plate) == "table" and plate.namePlateUnitToken
		if type(unit) == "string" and guard(UnitCanAttack("player", unit)) and guard(UnitAffectingCombat(unit)) then
			count = count + 1
		end
	end
	return count
end

-- One combat log event: name, source id, target id, and from the spell id on the values that belong to the event.
local function split335(_, event, source, _, _, target, _, _, ...)
	return event, source, target, ...
end

local function splitModern(_, event, _, source, _, _, _, target, _, _, _, ...)
	return event, source, target, ...
end

function P.combatLogEvent(...)
	if P.isLegacy then
		return split335(guard(...))
	end
	return splitModern(guard(readCombatLog()))
end
