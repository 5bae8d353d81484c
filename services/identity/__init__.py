"""账号与登录: accounts, sessions, and which rights a person holds and why."""
