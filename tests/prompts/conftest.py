from support.chat.real import real_server as real_server
