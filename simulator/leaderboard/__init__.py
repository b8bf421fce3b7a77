"""A leaderboard: every policy that was played in one world, ranked by what can be told apart."""
