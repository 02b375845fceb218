/* Titles are (pattern, word, noun) in mixed radix.  Nouns belong to one genre each and the patterns cannot be confused,
 * so no two titles are equal; indexes beyond the last combination get a sequel number. */
#include "data/planted_words.h"

#include <stdio.h>

enum { NOUNS = 10, ADJECTIVES = 40, THINGS = 24 };
/* "The A N" and "Beyond the A N" for every adjective, "N of T" for every thing. */
enum { TITLES = NOUNS * (2 * ADJECTIVES + THINGS), STRIDE = 617 };
_Static_assert(TITLES == 1040, "STRIDE has no factor in common with TITLES, so that it visits every title once");

static const char *const genres[PLANTED_GENRES_MAX] = {"Drama", "Comedy", "Crime", "Adventure", "Romance",
	"Science Fiction", "Horror", "Western", "War", "Mystery", "Fantasy", "Music", "Documentary", "Sport", "Family",
	"Thriller"};

static const char *const nouns[PLANTED_GENRES_MAX][NOUNS] = {
	{"Harbour", "Orchard", "Letter", "Staircase", "Winter", "Brother", "Window", "Verdict", "Garden", "Promise"},
	{"Wedding", "Landlord", "Umbrella", "Cousin", "Holiday", "Butler", "Bakery", "Neighbour", "Parrot", "Sofa"},
	{"Witness", "Ledger", "Alibi", "Smuggler", "Vault", "Getaway", "Informer", "Forger", "Warehouse", "Jury"},
	{"Compass", "Island", "Caravan", "Expedition", "Canyon", "Lagoon", "Summit", "Galleon", "Jungle", "Treasure"},
	{"Kiss", "Waltz", "Bride", "Lover", "Rose", "Serenade", "Rendezvous", "Suitor", "Valentine", "Embrace"},
	{"Orbit", "Android", "Nebula", "Colony", "Signal", "Starship", "Machine", "Planet", "Reactor", "Asteroid"},
	{"Crypt", "Cellar", "Scarecrow", "Seance", "Graveyard", "Curse", "Mirror", "Phantom", "Coven", "Asylum"},
	{"Sheriff", "Saloon", "Prairie", "Stagecoach", "Outlaw", "Saddle", "Gulch", "Frontier", "Rustler", "Homestead"},
	{"Trench", "Convoy", "Regiment", "Armistice", "Bunker", "Captain", "Bridgehead", "Squadron", "Flotilla",
		"Siege"},
	{"Cipher", "Locket", "Lighthouse", "Riddle", "Portrait", "Stranger", "Footprint", "Manor", "Keyhole",
		"Pendulum"},
	{"Dragon", "Kingdom", "Sorcerer", "Amulet", "Griffin", "Oracle", "Enchantress", "Unicorn", "Citadel",
		"Wanderer"},
	{"Sonata", "Fiddler", "Ballad", "Chorus", "Jukebox", "Trumpet", "Encore", "Melody", "Drummer", "Concerto"},
	{"Glacier", "River", "Archive", "Factory", "Migration", "Cathedral", "Reef", "Railway", "Harvest", "Savanna"},
	{"Goalkeeper", "Marathon", "Velodrome", "Champion", "Regatta", "Knockout", "Stadium", "Relay", "Slalom",
		"Referee"},
	{"Puppy", "Treehouse", "Snowman", "Grandmother", "Circus", "Balloon", "Piglet", "Toymaker", "Sleigh", "Kite"},
	{"Hostage", "Deadline", "Courier", "Sniper", "Conspiracy", "Passenger", "Tunnel", "Impostor", "Fugitive",
		"Detonator"},
};

static const char *const adjectives[ADJECTIVES] = {"Silent", "Crimson", "Last", "Hidden", "Golden", "Broken", "Distant",
	"Secret", "Burning", "Frozen", "Lonely", "Hollow", "Restless", "Velvet", "Iron", "Paper", "Midnight", "Scarlet",
	"Wandering", "Forgotten", "Electric", "Gentle", "Savage", "Crooked", "Endless", "Borrowed", "Amber", "Quiet",
	"Second", "Invisible", "Northern", "Shattered", "Lucky", "Painted", "Stolen", "Glass", "Wicked", "Sleeping",
	"Emerald", "Perfect"};

static const char *const things[THINGS] = {"Ashes", "Thunder", "Autumn", "Silver", "Shadows", "Marble", "Salt",
	"Echoes", "Tomorrow", "Sand", "Lies", "Embers", "Dawn", "Smoke", "Mercy", "Rain", "Thorns", "Copper", "Stars",
	"Memory", "Dust", "Honey", "Fog", "Fire"};

const char *words_genre(int32_t genre)
{
	return genres[genre];
}

void words_title(int32_t genre, int32_t index, int year, char *buf, size_t size)
{
	int32_t c = (int32_t)(((int64_t)index * STRIDE + 89 * genre) % TITLES), sequel = index / TITLES + 1;
	const char *noun = nouns[genre][c % NOUNS];
	int32_t word = c / NOUNS;
	char number[16] = "";
	if (sequel > 1)
		snprintf(number, sizeof number, " %d", sequel);
	if (word < ADJECTIVES)
		snprintf(buf, size, "The %s %s%s (%d)", adjectives[word], noun, number, year);
	else if (word < 2 * ADJECTIVES)
		snprintf(buf, size, "Beyond the %s %s%s (%d)", adjectives[word - ADJECTIVES], noun, number, year);
	else
		snprintf(buf, size, "%s of %s%s (%d)", noun, things[word - 2 * ADJECTIVES], number, year);
}
